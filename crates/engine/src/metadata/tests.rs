use super::*;

fn set(field: MetadataField, text: &str) -> Result<Metadata, EditError> {
    let mut metadata = Metadata::default();
    metadata.set(field, text)?;
    Ok(metadata)
}

#[test]
fn a_licence_is_an_spdx_expression_and_a_near_miss_names_the_right_one() {
    for text in [
        "Apache-2.0",
        "MIT OR Apache-2.0",
        "LicenseRef-proprietary",
        "GPL-2.0-only WITH Classpath-exception-2.0",
    ] {
        assert_eq!(set(MetadataField::License, text).unwrap().text(MetadataField::License), text);
    }
    for license in COMMON_LICENSES {
        assert!(set(MetadataField::License, license).is_ok(), "{license}");
    }
    let error = set(MetadataField::License, "Apache 2.0").unwrap_err().to_string();
    assert!(error.contains("write Apache-2.0"), "{error}");
    let error = set(MetadataField::License, "all rights reserved").unwrap_err().to_string();
    assert!(error.contains("LicenseRef-proprietary"), "{error}");
}

#[test]
fn lists_are_read_line_by_line_and_a_bad_line_is_named() {
    let metadata =
        set(MetadataField::Authors, "Ada Lovelace <ada@example.org>\n\n  The Risk Team \n").unwrap();
    let names: Vec<_> = metadata.authors().into_iter().map(|author| (author.name, author.email)).collect();
    assert_eq!(
        names,
        [("Ada Lovelace".into(), Some("ada@example.org".into())), ("The Risk Team".into(), None)]
    );
    let metadata =
        set(MetadataField::Metrics, "accuracy = 0.97 on the test set\nRMSE=1.2e-3\nrecall = 97.5%").unwrap();
    let metrics: Vec<_> =
        metadata.metrics().into_iter().map(|metric| (metric.name, metric.value, metric.dataset)).collect();
    assert_eq!(
        metrics,
        [
            ("accuracy".into(), "0.97".into(), Some("the test set".into())),
            ("RMSE".into(), "1.2e-3".into(), None),
            ("recall".into(), "97.5%".into(), None),
        ]
    );
    let metadata = set(MetadataField::Links, "Paper: https://example.org/a\nhttps://example.org/b").unwrap();
    let links: Vec<_> = metadata.links().into_iter().map(|link| (link.label, link.url)).collect();
    assert_eq!(
        links,
        [
            ("Paper".into(), "https://example.org/a".into()),
            ("https://example.org/b".into(), "https://example.org/b".into())
        ]
    );
    let bad = [
        (MetadataField::Authors, "Ada <ada@example.org>\nBob <bob"),
        (MetadataField::Authors, "<ada@example.org>"),
        (MetadataField::Metrics, "accuracy"),
        (MetadataField::Metrics, "accuracy = high"),
        (MetadataField::Metrics, "accuracy = 0.9 test"),
        (MetadataField::Metrics, "accuracy = inf"),
        (MetadataField::Links, "javascript:alert(1)"),
        (MetadataField::Links, "https://"),
        (MetadataField::Links, "see the wiki"),
        (MetadataField::Version, "1 0"),
        (MetadataField::Version, "1/0"),
        (MetadataField::Task, "two\nlines"),
        (MetadataField::IntendedUse, "nul\0"),
    ];
    for (field, text) in bad {
        let error = set(field, text).unwrap_err();
        assert!(matches!(error, EditError::Metadata(_)), "{field:?} {text}: {error}");
    }
}

#[test]
fn what_is_missing_is_counted_and_an_empty_text_takes_a_field_back() {
    let mut metadata = set(MetadataField::Task, "tabular-classification").unwrap();
    let given = |metadata: &Metadata| {
        metadata
            .completeness("")
            .into_iter()
            .filter(|entry| entry.is_given)
            .map(|entry| entry.field)
            .collect::<Vec<_>>()
    };
    assert_eq!(given(&metadata), ["task"]);
    assert_eq!(metadata.completeness("What it does.").len(), 9);
    metadata.set(MetadataField::Task, "  ").unwrap();
    assert_eq!(metadata, Metadata::default());
}

#[test]
fn every_field_is_found_by_its_names() {
    for field in MetadataField::ALL {
        assert_eq!(MetadataField::from_name(field.name()), Some(field));
        assert_eq!(MetadataField::from_name(field.key()), Some(field));
        assert_eq!(serde_json::json!(field), field.name());
    }
    assert_eq!(MetadataField::from_name("owner"), None);
}

#[test]
fn a_long_description_is_taken_with_a_note() {
    assert_eq!(description_note(&"\u{e9}".repeat(REGISTRY_TEXT)), None);
    assert!(description_note(&"x".repeat(REGISTRY_TEXT + 1)).is_some_and(|note| note.contains("5001")));
}
