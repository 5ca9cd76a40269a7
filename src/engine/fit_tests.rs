//! The pre-flight against what a load then takes.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Engine, fit};
use crate::protocol::{Event, Fit, LoadOptions, ModelInfo, ModelSource};

#[test]
fn the_pre_flight_foretells_the_load() {
    let loaded = Rc::new(RefCell::new(ModelInfo::default()));
    let told = loaded.clone();
    let mut engine = Engine::new(move |event| {
        if let Event::Loaded { model, .. } = event {
            *told.borrow_mut() = model;
        }
    });
    let options = LoadOptions { context: Some(700), ..LoadOptions::default() };
    pollster::block_on(async {
        engine.load(1, &ModelSource::Embedded, &options).await.unwrap();
        let gpu = engine.gpu.as_ref().map(|(_, gpu)| gpu.clone()).unwrap();
        let report = fit::inspect(&gpu, &ModelSource::Embedded, &options).await.unwrap();
        let model = loaded.borrow();
        assert_eq!((report.weight_bytes, report.kv_bytes), (model.weight_bytes, model.kv_bytes));
        assert_eq!((&report.name, report.parameters, report.context), (&model.name, model.parameters, 700));
        assert_eq!((report.fit, report.largest_context), (Fit::Fits, report.model_context));
        assert!(report.reason.contains("700 tokens"), "{}", report.reason);
    });
}

#[test]
fn what_is_too_large_is_said_before_anything_is_loaded() {
    let engine = Engine::new(|_| {});
    let mut engine = engine;
    pollster::block_on(async {
        let gpu = engine.open(&super::DeviceOptions::default()).await.unwrap();
        let source = ModelSource::Random { shape: "qwen2-7b".into(), seed: 1 };
        let judge = |memory: Option<u64>, context| {
            let (gpu, source) = (gpu.clone(), source.clone());
            async move {
                let options = LoadOptions { context, ..LoadOptions::default() };
                fit::judge(&gpu, memory, &source, &options).await.unwrap()
            }
        };
        // 7.6 G weights of 4.5 bits are 4.3 GB; 57,344 bytes a token of keys and values.
        let report = judge(Some(4 << 30), None).await;
        assert_eq!((report.fit, report.largest_context), (Fit::TooLarge, 0), "{}", report.reason);
        let report = judge(Some(6 << 30), Some(32768)).await;
        assert_eq!(report.fit, Fit::Shorter, "{}", report.reason);
        assert!((4096..32768).contains(&report.largest_context), "{}", report.largest_context);
        let again = judge(Some(6 << 30), Some(report.largest_context)).await;
        assert_eq!(again.fit, Fit::Fits, "{}", again.reason);
        assert_eq!(judge(Some(24 << 30), None).await.fit, Fit::Fits);
        assert_eq!(judge(None, None).await.fit, Fit::Unknown);
    });
}
