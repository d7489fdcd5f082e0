"""Jobs for the people of the labour register."""
