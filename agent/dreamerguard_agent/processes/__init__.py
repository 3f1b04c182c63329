"""Several processes that train one run: how they find each other, what they tell each other, and how one is missed."""
