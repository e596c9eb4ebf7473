"""Writes a pickled linear model of a given size: `big_model.py PATH BYTES`. Its coefficients are zeros."""

import pickle
import sys

import numpy as np
from sklearn.linear_model import LinearRegression

path, n_bytes = sys.argv[1], int(sys.argv[2])
model = LinearRegression()
model.coef_ = np.zeros(n_bytes // 8)
model.intercept_ = 0.0
model.n_features_in_ = model.coef_.size
with open(path, "wb") as file:
    pickle.dump(model, file, protocol=5)
