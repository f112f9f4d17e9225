//! Chromium without a screen, driven by the WebDriver protocol (plain HTTP and JSON).

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::place::{self, wait_for};

/// A browser with a profile of its own.
pub struct Browser {
    driver: Child,
    agent: ureq::Agent,
    base: String,
    session: String,
    _profile: TempDir,
}

/// The key of an element in WebDriver's JSON (W3C WebDriver §12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long a page may take to show something.
const SHOWN: Duration = Duration::from_secs(15);

impl Browser {
    pub fn open() -> Browser {
        Browser::open_with(&[])
    }

    /// With a headset: what the file (WAV) holds is what its microphone hears, again and again.
    pub fn with_microphone(file: &Path) -> Browser {
        let file = format!("--use-file-for-fake-audio-capture={}", file.display());
        Browser::open_with(&[
            &file,
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            "--allow-loopback-in-peer-connection",
            "--autoplay-policy=no-user-gesture-required",
        ])
    }

    pub fn open_with(more: &[&str]) -> Browser {
        let profile = tempfile::Builder::new()
            .prefix("chromium-")
            .tempdir()
            .unwrap();
        let port = place::port();
        // A group of its own, so that its end takes the browser with it whatever happened.
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .env("HOME", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("chromedriver: the package chromium-driver");
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        let mut browser = Browser {
            driver,
            agent,
            base: format!("http://127.0.0.1:{port}"),
            session: String::new(),
            _profile: profile,
        };
        let status = format!("{}/status", browser.base);
        wait_for("chromedriver", SHOWN, || ureq::get(&status).call().ok());
        let data = format!("--user-data-dir={}", browser._profile.path().display());
        let mut args = vec![
            &*data,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--lang=zh-CN",
            "--window-size=1280,1000",
        ];
        args.extend(more);
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "unhandledPromptBehavior": "accept",
            "goog:chromeOptions": {"binary": "/usr/bin/chromium", "args": args},
        }}});
        let session = browser.post("/session", &capabilities);
        let id = session["sessionId"].as_str();
        browser.session = id
            .unwrap_or_else(|| panic!("no session: {session}"))
            .to_owned();
        browser
    }

    pub fn go(&self, address: &str) {
        self.in_session("/url", &json!({"url": address}));
    }

    /// What a script of the page returns.
    pub fn run(&self, script: &str) -> Value {
        self.in_session("/execute/sync", &json!({"script": script, "args": []}))
    }

    pub fn text(&self) -> String {
        let text = self.run("return document.body.innerText");
        text.as_str().unwrap_or_default().to_owned()
    }

    pub fn address(&self) -> String {
        self.run("return location.pathname")
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Waits until the script returns something true.
    pub fn wait(&self, what: &str, script: &str) -> Value {
        let until = Instant::now() + SHOWN;
        loop {
            let seen = self.run(script);
            if !matches!(seen, Value::Null | Value::Bool(false)) {
                return seen;
            }
            assert!(
                Instant::now() < until,
                "{what} does not come at {}:\n{}",
                self.address(),
                self.text()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn wait_text(&self, text: &str) {
        let script = format!("return document.body.innerText.includes({})", json!(text));
        self.wait(text, &script);
    }

    pub fn type_into(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        self.in_session(&format!("/element/{element}/clear"), &json!({}));
        self.in_session(&format!("/element/{element}/value"), &json!({"text": text}));
    }

    /// A click in the middle of the element, as by a hand.
    pub fn click(&self, selector: &str) {
        let element = self.find(selector);
        self.in_session(&format!("/element/{element}/click"), &json!({}));
    }

    /// Loads the page again, as by F5.
    pub fn reload(&self) {
        self.in_session("/refresh", &json!({}));
    }

    /// Keys typed into the page.
    pub fn press(&self, keys: &str) {
        let element = self.find("body");
        self.in_session(&format!("/element/{element}/value"), &json!({"text": keys}));
    }

    /// For looking at: into the folder of `GRADELINE_SCREENSHOTS`, where that is told.
    pub fn shot(&self, name: &str) {
        let Ok(dir) = std::env::var("GRADELINE_SCREENSHOTS") else {
            return;
        };
        let address = format!("{}/session/{}/screenshot", self.base, self.session);
        let mut answer = self.agent.get(address).call().unwrap();
        let answer: Value = answer
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_json()
            .unwrap();
        let octets = base64::engine::general_purpose::STANDARD
            .decode(answer["value"].as_str().unwrap())
            .unwrap();
        std::fs::write(Path::new(&dir).join(format!("{name}.png")), octets).unwrap();
    }

    pub fn resize(&self, width: u32, height: u32) {
        self.in_session("/window/rect", &json!({"width": width, "height": height}));
    }

    fn find(&self, selector: &str) -> String {
        let query = json!({"using": "css selector", "value": selector});
        let until = Instant::now() + SHOWN;
        loop {
            let found = self.post(&format!("/session/{}/element", self.session), &query);
            if let Some(element) = found[ELEMENT].as_str() {
                return element.to_owned();
            }
            assert!(
                Instant::now() < until,
                "no {selector} at {}:\n{}",
                self.address(),
                self.text()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn in_session(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(&format!("/session/{}{path}", self.session), body);
        assert!(answer["error"].is_null(), "{path} {body}: {answer}");
        answer
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let mut answer = self
            .agent
            .post(format!("{}{path}", self.base))
            .send_json(body)
            .unwrap();
        let answer: Value = answer.body_mut().read_json().unwrap();
        answer["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let address = format!("{}/session/{}", self.base, self.session);
            let _ = self.agent.delete(address).call();
        }
        let group = i32::try_from(self.driver.id()).unwrap();
        // SAFETY: a signal to the group that we made and whose leader we have not reaped yet.
        unsafe { libc::kill(-group, libc::SIGKILL) };
        let _ = self.driver.wait();
    }
}
