//! What is shown of an example centre says so.

use super::*;

async fn answers(example: bool, path: &str) -> Answer {
    let folder = tempfile::tempdir().unwrap();
    let engine = seed::engine(folder.path()).await;
    let options = Options {
        consoles: None,
        supervisions: None,
        centre: "centre".to_owned(),
        behind_tls: false,
        meter: Meter::detached(),
        troubles: Arc::new(Vec::new),
        board: Arc::new(Arc::default),
        example,
        calls_out: None,
    };
    let archive = Archive::new(folder.path().join("recordings"));
    let router = doors::router(Web::new(engine, archive, options));
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
    }
}

#[tokio::test]
async fn every_page_and_every_answer_of_an_example_centre_says_so() {
    // A page, a problem's page, a refusal of the API, what the public reads, a word for machines.
    for (path, is_page) in [
        ("/login", true),
        ("/nowhere", true),
        ("/api/v1/tickets", false),
        ("/api/v1/published", false),
        ("/healthz", false),
    ] {
        let marked = answers(true, path).await;
        assert_eq!(marked.header("gradeline-example"), "true", "{path}");
        let told = marked.text().contains("本库全部为示例数据");
        assert_eq!(told, is_page, "{path}: {}", marked.text());
        let real = answers(false, path).await;
        assert_eq!(real.header("gradeline-example"), "", "{path}");
        assert!(!real.text().contains("示例"), "{path}");
    }
}
