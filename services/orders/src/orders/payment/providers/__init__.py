"""How we speak with those who move the money: the verbs we need, and one file of protocol for each provider."""
