"""Fitted models of the libraries beside scikit-learn, for known_names.py: what people pickle, small and quick to fit.

Each maker stands alone: one that fails in a version of its library is left out there.
"""
import warnings


def made(makers):
    """What the makers make, without those that fail here."""
    for make in makers:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield make()
        except Exception:
            continue


def statsmodels_results():
    """statsmodels: regressions, generalised and discrete models, time series, with and without their data."""
    try:
        import statsmodels.api as sm
        import statsmodels.formula.api as smf
    except Exception:
        return
    import numpy as np
    import pandas as pd
    rng = np.random.RandomState(0)
    n = 80
    table = pd.DataFrame({"x1": rng.rand(n), "x2": rng.rand(n), "g": list("abcd") * 20, "group": np.arange(n) // 8})
    table["y"] = 1 + 2 * table["x1"] + rng.rand(n)
    table["two"], table["three"], table["count"] = np.arange(n) % 2, np.arange(n) % 3, rng.poisson(2, n)
    table["share"] = 0.1 + 0.8 * rng.rand(n)
    table["two"] = np.where(rng.rand(n) < 0.2, 1 - table["two"], (table["x1"] > 0.5).astype(int))
    x, y = sm.add_constant(table[["x1", "x2"]]), table["y"]
    arrays = (y.to_numpy(), x.to_numpy())

    def regressions():
        for kind in (sm.OLS, sm.WLS, sm.GLS):
            yield lambda kind=kind: kind(y, x).fit()
            yield lambda kind=kind: kind(*arrays).fit()
        for robust in ("HC0", "HC1", "HC3"):
            yield lambda robust=robust: sm.OLS(y, x).fit(cov_type=robust)
        yield lambda: sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": 1})
        yield lambda: sm.OLS(y, x).fit(cov_type="cluster", cov_kwds={"groups": table["group"]})
        yield lambda: sm.OLS(y, x).fit_regularized(alpha=0.1)
        yield lambda: sm.GLSAR(y, x, rho=1).iterative_fit(2)
        yield lambda: sm.QuantReg(y, x).fit()
        yield lambda: sm.RecursiveLS(y, x).fit()
        for norm in ("HuberT", "TukeyBiweight", "LeastSquares", "AndrewWave", "Hampel", "RamsayE", "TrimmedMean"):
            yield lambda norm=norm: sm.RLM(y, x, M=getattr(sm.robust.norms, norm)()).fit()
        yield lambda: sm.MixedLM(y, x, groups=table["group"]).fit()
        yield lambda: smf.mixedlm("y ~ x1", table, groups=table["group"]).fit()
        for formula in ("y ~ x1 + x2", "y ~ C(g) + x1", "np.log(y) ~ np.log1p(x1) * x2", "y ~ bs(x1, df=4)", "y ~ I(x1 ** 2) + x1:x2 - 1"):
            yield lambda formula=formula: smf.ols(formula, table).fit()

    def generalised():
        families, links = sm.families, sm.families.links
        for family, target in (("Gaussian", y), ("Binomial", table["two"]), ("Poisson", table["count"]), ("Gamma", y), ("InverseGaussian", y), ("NegativeBinomial", table["count"]), ("Tweedie", y)):
            yield lambda family=family, target=target: sm.GLM(target, x, family=getattr(families, family)()).fit()
            for link in ("Identity", "identity", "Log", "log", "Logit", "logit", "Probit", "probit", "CLogLog", "cloglog", "LogLog", "InversePower", "inverse_power", "InverseSquared", "Power", "Sqrt", "sqrt", "Cauchy", "cauchy", "LogC", "NegativeBinomial", "nbinom"):
                yield lambda family=family, target=target, link=link: sm.GLM(target, x, family=getattr(families, family)(getattr(links, link)())).fit(maxiter=5)
        yield lambda: sm.GLM(table["two"], x, family=families.Binomial()).fit_regularized(alpha=0.1)
        yield lambda: sm.GLM(table["count"], x, family=families.Poisson(), offset=table["x1"], exposure=table["x1"] + 1).fit()
        yield lambda: smf.glm("two ~ x1 + C(g)", table, family=families.Binomial()).fit()
        for structure in ("Independence", "Exchangeable", "Autoregressive"):
            yield lambda structure=structure: sm.GEE(table["two"], x, groups=table["group"], family=families.Binomial(), cov_struct=getattr(sm.cov_struct, structure)()).fit()
        yield lambda: sm.GLMGam(y, exog=x, smoother=sm.gam.BSplines(table[["x1"]], df=[5], degree=[3])).fit()
        yield lambda: sm.GLMGam(y, exog=x, smoother=sm.gam.CyclicCubicSplines(table[["x1"]], df=[5])).fit()

    def discrete():
        for name, target in (("Logit", table["two"]), ("Probit", table["two"]), ("MNLogit", table["three"]), ("Poisson", table["count"]), ("NegativeBinomial", table["count"]), ("NegativeBinomialP", table["count"]),
                             ("GeneralizedPoisson", table["count"])):
            yield lambda name=name, target=target: getattr(sm, name)(target, x).fit(disp=0)
            yield lambda name=name, target=target: getattr(sm, name)(target, x).fit_regularized(disp=0)
        for way in ("nb1", "nb2", "geometric"):
            yield lambda way=way: sm.NegativeBinomial(table["count"], x, loglike_method=way).fit(disp=0)
        for name in ("ZeroInflatedPoisson", "ZeroInflatedNegativeBinomialP", "ZeroInflatedGeneralizedPoisson"):
            yield lambda name=name: getattr(sm, name)(table["count"], x).fit(disp=0, maxiter=5)
        yield lambda: smf.logit("two ~ x1 + x2", table).fit(disp=0)

        def ordered():
            from statsmodels.miscmodels.ordinal_model import OrderedModel
            return OrderedModel(table["three"], table[["x1", "x2"]], distr="logit").fit(disp=0, method="bfgs")

        def beta():
            from statsmodels.othermod.betareg import BetaModel
            return BetaModel(table["share"], x).fit(disp=0)

        def conditional():
            from statsmodels.discrete.conditional_models import ConditionalLogit
            return ConditionalLogit(table["two"], table[["x1", "x2"]], groups=table["group"]).fit(disp=0)

        def hurdle():
            from statsmodels.discrete.truncated_model import HurdleCountModel
            return HurdleCountModel(table["count"], x).fit(disp=0)
        yield from (ordered, beta, conditional, hurdle)
        yield lambda: sm.PHReg(table["y"], table[["x1", "x2"]], status=table["two"]).fit()

    def series():
        index = pd.date_range("2020-01-31", periods=n, freq="M" if pd.__version__ < "2.2" else "ME")
        dated = pd.Series(5 + np.cumsum(rng.randn(n)) * 0.1 + np.sin(np.arange(n) / 2), index=index, name="sales")
        both = pd.DataFrame({"a": dated, "b": dated.shift(1).fillna(5.0) + rng.randn(n) * 0.1})
        outer = pd.DataFrame({"price": rng.rand(n)}, index=index)
        daily = pd.Series(dated.to_numpy(), index=pd.date_range("2021", periods=n, freq="D"))
        periods = pd.Series(dated.to_numpy(), index=pd.period_range("2020-01", periods=n, freq="M"))
        from statsmodels.tsa import api
        for data in (dated, dated.to_numpy(), daily, periods, dated.reset_index(drop=True)):
            yield lambda data=data: api.ARIMA(data, order=(1, 1, 1)).fit()
            yield lambda data=data: api.ExponentialSmoothing(data, trend="add", seasonal="add", seasonal_periods=12).fit()
            yield lambda data=data: api.AutoReg(data, lags=2).fit()
            yield lambda data=data: api.SimpleExpSmoothing(data).fit()
        yield lambda: api.SARIMAX(dated, exog=outer, order=(1, 0, 0), seasonal_order=(1, 0, 0, 12)).fit(disp=0, maxiter=5)
        yield lambda: api.SARIMAX(dated, order=(1, 1, 0), trend="c", simple_differencing=True).fit(disp=0, maxiter=5)
        for method in ("yule_walker", "burg", "innovations_mle", "hannan_rissanen"):
            yield lambda method=method: api.ARIMA(dated, order=(1, 0, 0), trend="n").fit(method=method)
        yield lambda: api.Holt(dated).fit()
        yield lambda: api.ETSModel(dated, trend="add", error="add").fit(disp=0)
        yield lambda: api.UnobservedComponents(dated, level="local linear trend", seasonal=12).fit(disp=0, maxiter=5)
        yield lambda: sm.tsa.statespace.ExponentialSmoothing(dated, trend=True).fit(disp=0, maxiter=5)
        yield lambda: api.VARMAX(both, order=(1, 0)).fit(disp=0, maxiter=5)
        yield lambda: api.DynamicFactor(both, k_factors=1, factor_order=1).fit(disp=0, maxiter=5)
        yield lambda: api.DynamicFactorMQ(both).fit(disp=0, maxiter=5)
        yield lambda: api.VAR(both).fit(1)
        yield lambda: api.VECM(both).fit()
        yield lambda: api.ARDL(dated, 1, outer, 1).fit()
        yield lambda: api.UECM(dated, 1, outer, 1).fit()
        yield lambda: api.MarkovRegression(dated, k_regimes=2).fit(disp=0, maxiter=5)
        yield lambda: api.MarkovAutoregression(dated, k_regimes=2, order=1).fit(disp=0, maxiter=5)
        yield lambda: api.STL(dated, period=12).fit()
        yield lambda: api.STLForecast(dated, api.ARIMA, model_kwargs={"order": (1, 0, 0)}, period=12).fit()
        yield lambda: sm.tsa.forecasting.theta.ThetaModel(dated, period=12).fit()

        def deterministic():
            from statsmodels.tsa.deterministic import DeterministicProcess
            return DeterministicProcess(index, constant=True, order=1, seasonal=True, fourier=1, period=12)

        def deterministic_autoregression():
            return api.AutoReg(dated, lags=1, old_names=False, deterministic=deterministic()).fit()
        yield from (deterministic, deterministic_autoregression)
        yield lambda: sm.PCA(both)
        yield lambda: sm.Factor(table[["x1", "x2", "y", "share"]], n_factor=1).fit()

    for family in (regressions, generalised, discrete, series):
        for results in made(family()):
            yield results
            # what results.save(path, remove_data=True) writes
            try:
                results.remove_data()
                yield results
            except Exception:
                continue


def pmdarima_models():
    """pmdarima: ARIMA, its search, pipelines with their transformers."""
    try:
        import pmdarima
        from pmdarima import pipeline, preprocessing
    except Exception:
        return
    import numpy as np
    import pandas as pd
    rng = np.random.RandomState(0)
    y = 5 + np.abs(np.cumsum(rng.randn(80)) * 0.1 + np.sin(np.arange(80) / 2))
    x = rng.rand(80, 2)
    name = "X" if pmdarima.__version__ >= "1.8" else "exogenous"
    dates = pd.DataFrame({"date": pd.date_range("2021", periods=80), "price": x[:, 0]})

    def with_steps(*steps):
        return pipeline.Pipeline(list(steps) + [("arima", pmdarima.ARIMA(order=(1, 0, 0)))])
    yield from made([
        lambda: pmdarima.ARIMA(order=(1, 1, 0)).fit(y),
        lambda: pmdarima.ARIMA(order=(1, 0, 0), seasonal_order=(1, 0, 0, 4), out_of_sample_size=8).fit(y),
        lambda: pmdarima.ARIMA(order=(1, 0, 0)).fit(y, **{name: x}),
        lambda: pmdarima.ARIMA(order=(1, 0, 0)).fit(y, **{name: pd.DataFrame(x, columns=["a", "b"])}),
        lambda: pmdarima.ARIMA(order=(1, 0, 0)).fit(pd.Series(y, index=pd.date_range("2021", periods=80))),
        lambda: pmdarima.auto_arima(y, max_p=1, max_q=1, seasonal=False),
        lambda: pmdarima.AutoARIMA(max_p=1, max_q=1, seasonal=False).fit(y),
        lambda: pmdarima.ARIMA(order=(1, 1, 0)),
        lambda: with_steps(("a", preprocessing.BoxCoxEndogTransformer())).fit(y),
        lambda: with_steps(("a", preprocessing.LogEndogTransformer(lmbda=1e-6))).fit(y),
        lambda: with_steps(("a", preprocessing.FourierFeaturizer(m=4, k=1))).fit(y),
        lambda: with_steps(("a", preprocessing.DateFeaturizer(column_name="date", with_day_of_week=False))).fit(y, **{name: dates}),
        lambda: pipeline.Pipeline([("a", preprocessing.FourierFeaturizer(m=4, k=1)), ("b", pmdarima.AutoARIMA(max_p=1, max_q=1, seasonal=False))]).fit(y),
    ])


def prophet_models():
    """Prophet: each growth, seasonalities, regressors, holidays, sampling."""
    try:
        from prophet import Prophet
    except Exception:
        return
    import logging
    import numpy as np
    import pandas as pd
    logging.disable(logging.CRITICAL)
    table = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=120)})
    table["y"] = 5 + np.sin(np.arange(120) / 5)
    table["cap"], table["floor"], table["price"], table["on"] = 10.0, 0.0, np.arange(120) % 7, np.arange(120) % 2 == 0
    days = pd.DataFrame({"holiday": "sale", "ds": pd.to_datetime(["2020-02-01", "2020-03-01"]), "lower_window": 0, "upper_window": 1})

    def full():
        model = Prophet(holidays=days, seasonality_mode="multiplicative", mcmc_samples=0)
        model.add_country_holidays("US")
        model.add_regressor("price", standardize=True)
        model.add_seasonality("monthly", 30.5, 3, condition_name="on")
        return model.fit(table)
    yield from made([
        lambda: Prophet().fit(table[["ds", "y"]]), lambda: Prophet(growth="logistic").fit(table), lambda: Prophet(growth="flat").fit(table), full,
        lambda: Prophet(mcmc_samples=20).fit(table, chains=1, show_progress=False), lambda: Prophet(), lambda: Prophet(changepoints=["2020-02-01"]).fit(table),
    ])


def samplers_and_encoders():
    """imbalanced-learn and category_encoders: everything that a toy table fits."""
    import numpy as np
    import pandas as pd
    rng = np.random.RandomState(0)
    x, y = rng.rand(90, 3), np.array([0] * 60 + [1] * 30)
    table = pd.DataFrame({"a": list("xyz") * 30, "b": list("uv") * 45, "c": x[:, 0]})
    makers = []
    try:
        import imblearn.ensemble
        import imblearn.over_sampling
        import imblearn.pipeline
        import imblearn.under_sampling
        import imblearn.combine
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler
        for module in (imblearn.over_sampling, imblearn.under_sampling, imblearn.combine):
            for name in module.__all__:
                def sampled(kind=getattr(module, name)):
                    sampler = kind()
                    sampler.fit_resample(x, y)
                    return sampler
                makers.append(sampled)
                makers.append(lambda kind=getattr(module, name): imblearn.pipeline.Pipeline([("scale", StandardScaler()), ("sample", kind()), ("model", LogisticRegression())]).fit(x, y))
        for name in imblearn.ensemble.__all__:
            makers.append(lambda name=name: getattr(imblearn.ensemble, name)(n_estimators=3).fit(x, y))
        makers.append(lambda: imblearn.FunctionSampler().fit(x, y))
        makers.append(lambda: imblearn.over_sampling.SMOTENC(categorical_features=[0, 1]).fit(table, y))
    except Exception:
        pass
    try:
        import category_encoders
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        for name in category_encoders.__all__:
            for data in (table, table.astype({"a": "category"})):
                makers.append(lambda name=name, data=data: getattr(category_encoders, name)().fit(data, y))
            makers.append(lambda name=name: make_pipeline(getattr(category_encoders, name)(), LogisticRegression()).fit(table, y))
        makers.append(lambda: category_encoders.wrapper.PolynomialWrapper(category_encoders.TargetEncoder()).fit(table, pd.Series(np.arange(90) % 3)))
        makers.append(lambda: category_encoders.wrapper.NestedCVWrapper(category_encoders.TargetEncoder()).fit(table, y))
    except Exception:
        pass
    yield from made(makers)
