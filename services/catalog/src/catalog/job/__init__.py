"""Jobs for the people of the labour register, and the workshops (扶贫车间) that offer some of them."""
