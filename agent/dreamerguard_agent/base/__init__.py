"""Types that every package here shares: parameter tables, spaces, and the fixed description of an agent."""
