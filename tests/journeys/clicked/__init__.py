"""The newcomer's day by clicking: the same eight steps in the portal, each person in a browser of their own."""
