"""The algorithm: acting, one gradient update, the losses and the optimizer."""
