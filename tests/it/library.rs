//! Models from elsewhere: the hub, plain addresses, and what the network does to them.

use polo::platform;
use polo::protocol::ModelSource;

use crate::hub::{Fault, Hub, noise};

#[test]
fn an_address_is_read_by_ranges() {
    let hub = Hub::start();
    let bytes = noise(300_000, 1);
    hub.state.lock().unwrap().plain.insert("a.gguf".into(), bytes.clone());
    let url = format!("{}/plain/a.gguf", hub.url);
    pollster::block_on(async {
        hub.order(&[Fault::Status(503)]);
        let source = platform::open(&url).await.unwrap();
        assert_eq!(source.len(), 300_000);
        for (offset, len) in [(0, 10), (65_530, 20), (299_999, 1), (0, 300_000)] {
            let range = offset as usize..offset as usize + len;
            assert_eq!(source.read_at(offset, len).await.unwrap(), bytes[range], "{offset}+{len}");
        }
        hub.order(&[Fault::Status(429), Fault::Cut(70_000)]);
        assert_eq!(source.read_at(70_000, 200_000).await.unwrap(), bytes[70_000..270_000]);
        hub.order(&[Fault::WrongLength(5)]);
        assert_eq!(source.read_at(70_000, 100_000).await.unwrap_err().kind(), "damaged");
        assert_eq!(source.read_at(300_000, 1).await.unwrap_err().kind(), "fetch");
        let missing = format!("{}/plain/b.gguf", hub.url);
        assert!(platform::open_if_exists(&missing).await.unwrap().is_none());
        let error = platform::open(&missing).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), "not_found");
        hub.state.lock().unwrap().no_ranges = true;
        let whole = platform::open(&url).await.unwrap();
        assert_eq!(whole.read_at(299_000, 1000).await.unwrap(), bytes[299_000..]);
        let error = polo::files::ModelFiles::open(&ModelSource::Url { url }).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), "bad_model", "{error}");
    });
}
