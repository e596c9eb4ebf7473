use packwright_source::{Limits, MemorySource};
use serde_json::json;

use super::json::read;

fn text(changes: &serde_json::Value) -> String {
    let mut document = json!({
        "growth": "linear", "n_changepoints": 25, "uncertainty_samples": 1000, "logistic_floor": false,
        "history": json!({"schema": {"fields": []}, "data": [{}, {}]}).to_string(),
        "train_component_cols": json!({"schema": {"fields": [{"name": "weekly"}]}, "data": []}).to_string(),
        "seasonalities": [["weekly"], {"weekly": {"period": 7, "condition_name": null}}],
        "extra_regressors": [[], {}], "params": {"k": [[1.0]]}, "__prophet_version": "1.1.5",
    });
    for (key, value) in changes.as_object().expect("an object") {
        document[key] = value.clone();
    }
    document.to_string()
}

fn described(text: &str) -> String {
    let model = match read(&MemorySource::new(text.as_bytes().to_vec()), &Limits::default()) {
        Ok(read) => read.model,
        Err(error) => return error.to_string(),
    };
    let estimator = model.described();
    let names = |columns: &[crate::pickled::Column]| {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        names.join(" ")
    };
    let crate::pickled::Inputs::Columns(inputs) = &estimator.inputs else { return "no columns".to_owned() };
    let table = estimator.table.expect("a table").value;
    format!("{} -> {}", names(&inputs.value), names(&table))
}

#[test]
fn the_columns_are_those_that_predict_reads_and_gives() {
    let bounds = "yhat_lower yhat_upper trend_lower trend_upper weekly weekly_lower weekly_upper yhat";
    assert_eq!(described(&text(&json!({}))), format!("ds -> ds trend {bounds}"));
    let logistic = json!({"growth": "logistic", "logistic_floor": true, "uncertainty_samples": 0});
    assert_eq!(described(&text(&logistic)), "ds cap floor -> ds trend cap floor weekly yhat");
    let more = json!({
        "extra_regressors": [["price", "rain"], {"rain": {}, "price": {}}],
        "seasonalities": [["monthly"], {"monthly": {"period": 30.5, "condition_name": "is_open"}}],
    });
    assert_eq!(described(&text(&more)), format!("ds price rain is_open -> ds trend {bounds}"));
}

#[test]
fn a_text_that_is_encoded_twice_is_the_same_model() {
    let plain = text(&json!({}));
    let source = MemorySource::new(json!(plain).to_string().into_bytes());
    let read = read(&source, &Limits::default()).expect("a model");
    assert!(read.is_encoded);
    assert_eq!(read.model.version.as_deref(), Some("1.1.5"));
    assert_eq!(read.model.n_history, Some(2));
}

#[test]
fn what_is_missing_or_broken_is_named() {
    assert_eq!(
        described(r#"{"growth": "linear", "n_changepoints": 1}"#),
        "prophet-json at byte 41: malformed model: expected the keys that model_to_json writes, found no params"
    );
    assert!(
        described(r#"{"growth": "linear""#).contains("input ends"),
        "{}",
        described(r#"{"growth": "linear""#)
    );
    assert!(described(r#""{\"growth\": 1"#).contains("input ends"));
}
