//! The server itself: its health, its metrics, its socket, and an answer that panics.

use super::*;

#[tokio::test]
async fn health_fails_and_says_why_when_the_database_is_gone() {
    let centre = Centre::open().await;
    let well = centre.get("/healthz", Who::Nobody).await;
    assert_eq!(
        (well.status, well.text().as_str()),
        (StatusCode::OK, "ok\n")
    );
    std::fs::remove_file(centre._folder.path().join("rows.db")).unwrap();
    let ill = centre.get("/healthz", Who::Nobody).await;
    assert_eq!(ill.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ill.text(), "database\n");
}

#[tokio::test]
async fn metrics_are_for_this_machine_but_not_through_a_gateway() {
    let centre = Centre::open().await;
    let ask = |forwarded: bool| {
        let mut request = Request::builder()
            .uri("/metrics")
            .extension(Peer("127.0.0.1:40000".parse().unwrap()));
        if forwarded {
            request = request.header("x-forwarded-for", "192.0.2.9");
        }
        centre.send(request.body(Body::empty()).unwrap())
    };
    assert_eq!(ask(false).await.status, StatusCode::OK);
    assert_eq!(ask(true).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_server_answers_on_its_socket_and_ends_when_it_is_told() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let folder = tempfile::tempdir().unwrap();
    let engine = seed::engine(folder.path()).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = Options {
        centre: "centre".to_owned(),
        behind_tls: true,
        meter: Meter::detached(),
        troubles: Arc::new(Vec::new),
        board: Arc::new(Arc::default),
        example: false,
        calls_out: None,
        consoles: None,
        supervisions: None,
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let archive = Archive::new(folder.path());
    let served = tokio::spawn(serve(listener, engine, archive, options, async {
        let _ = stopped.await;
    }));
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    socket
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("ok\n"), "{answer}");
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_panic_ends_one_answer_with_its_request_id_and_the_next_is_served() {
    async fn broken() -> &'static str {
        panic!("a broken invariant");
    }
    let router = Router::new()
        .route("/api/broken", axum::routing::get(broken))
        .route("/whole", axum::routing::get(|| async { "whole" }))
        .layer(axum::middleware::from_fn(guard::stand));
    let ask = async |address: &str| {
        let request = Request::get(address).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap()
    };
    let answer = ask("/api/broken").await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let id = answer.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let body = to_bytes(answer.into_body(), 1 << 16).await.unwrap();
    let problem: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["request_id"], id);
    assert!(
        !problem.to_string().contains("invariant"),
        "its inside stays inside"
    );
    assert_eq!(ask("/whole").await.status(), StatusCode::OK);
}
