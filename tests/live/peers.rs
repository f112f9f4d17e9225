//! Telephones that nobody here wrote: SIPp by scenarios, linphonec by its keyboard.

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use crate::place::{self, wait_for};

/// One SIPp with one scenario.
pub struct Sipp {
    child: Mutex<Child>,
    dir: TempDir,
    address: String,
    pub port: u16,
    tcp: bool,
    call_id: String,
    told: AtomicU32,
}

/// What a scenario is filled with.
pub struct Plan<'a> {
    pub scenario: &'a str,
    /// Where it binds; other loopback addresses are other trunks.
    pub address: &'a str,
    pub rtp_port: u16,
    /// Where a caller who is told to MOVE wants his sound from then on.
    pub moved_port: u16,
    /// Payload types of the offer or answer: `8 101`.
    pub formats: &'a str,
    pub ptime: u32,
    pub number: &'a str,
    pub from: &'a str,
    /// One more header line of the INVITE.
    pub header: &'a str,
    /// Of pauses without a length.
    pub pause_ms: u32,
    /// Calls, then it ends.
    pub calls: u32,
    /// SIP by TCP; then it cannot be told anything.
    pub tcp: bool,
    /// It says that it speaks TLS; somebody between must.
    pub says_tls: bool,
}

impl Default for Plan<'_> {
    fn default() -> Self {
        Plan {
            scenario: "caller",
            address: "127.0.0.1",
            rtp_port: 9,
            moved_port: 9,
            formats: "8 101",
            ptime: 20,
            number: "consult",
            from: "13900000000",
            header: "Subject: live",
            pause_ms: 1000,
            calls: 1,
            tcp: false,
            says_tls: false,
        }
    }
}

/// No call of these tests lasts longer.
const LONGEST_S: &str = "150";

impl Sipp {
    /// Calls `target` (`127.0.0.1:5060`).
    pub fn call(target: &str, plan: Plan) -> Sipp {
        Sipp::start(Some(target), place::port(), plan)
    }

    /// Waits for calls on a port of its own.
    pub fn serve(plan: Plan) -> Sipp {
        Sipp::serve_on(place::port(), plan)
    }

    /// Waits for calls; returns when its socket is bound.
    pub fn serve_on(port: u16, plan: Plan) -> Sipp {
        Sipp::start(None, port, plan)
    }

    /// Returns when its socket is bound. A port may be taken by some other program in the moment after
    /// it was found free: then SIPp says so and ends, and another one is started.
    fn start(target: Option<&str>, mut port: u16, plan: Plan) -> Sipp {
        const STARTS: u32 = 5;
        for _ in 1..STARTS {
            let sipp = Sipp::spawn(target, port, &plan);
            if sipp.is_up() {
                return sipp;
            }
            // Who waits for calls was promised its port; who calls may do so from any.
            if target.is_some() {
                port = place::port();
            }
        }
        let sipp = Sipp::spawn(target, port, &plan);
        assert!(sipp.is_up(), "SIPp does not start: {}", sipp.errors());
        sipp
    }

    /// Waits for its socket; `false` where it could not bind one.
    fn is_up(&self) -> bool {
        wait_for("SIPp's socket", Duration::from_secs(10), || {
            let ended = self.child.lock().unwrap().try_wait().unwrap();
            match ended {
                Some(_) if self.errors().contains("Unable to bind") => Some(false),
                // Whatever else ended it is told by who waits for its log.
                Some(_) => Some(true),
                None => (self.tcp || place::is_bound(self.port)).then_some(true),
            }
        })
    }

    fn spawn(target: Option<&str>, port: u16, plan: &Plan) -> Sipp {
        let dir = tempfile::Builder::new().prefix("sipp-").tempdir().unwrap();
        let name = format!("{}.xml", plan.scenario);
        let mut scenario = place::repository().join("tests/live/sipp").join(&name);
        if plan.says_tls {
            let text = std::fs::read_to_string(scenario).unwrap();
            let text = text.replace("SIP/2.0/[transport]", "SIP/2.0/TLS").replace(
                "@[local_ip]:[local_port]>\nM",
                "@[local_ip]:[local_port];transport=tls>\nM",
            );
            scenario = dir.path().join(name);
            std::fs::write(&scenario, text).unwrap();
        }
        let call_id = format!("live-{}", rand::random::<u64>());
        let media_port = place::port();
        let mut command = Command::new("sipp");
        command.args(target);
        command.arg("-sf").arg(scenario);
        command.args(["-t", if plan.tcp { "t1" } else { "u1" }]);
        for (name, value) in [
            ("-i", plan.address.to_owned()),
            ("-p", port.to_string()),
            ("-mi", "127.0.0.1".into()),
            ("-mp", media_port.to_string()),
            ("-m", plan.calls.to_string()),
            ("-l", plan.calls.to_string()),
            ("-d", plan.pause_ms.to_string()),
            ("-timeout", LONGEST_S.to_owned()),
            ("-cid_str", call_id.clone()),
            ("-log_file", "log".into()),
            ("-message_file", "messages".into()),
            ("-error_file", "errors".into()),
        ] {
            command.arg(name).arg(value);
        }
        for (name, value) in [
            ("rtp_port", plan.rtp_port.to_string()),
            ("moved_port", plan.moved_port.to_string()),
            ("formats", plan.formats.into()),
            ("ptime", plan.ptime.to_string()),
            ("number", plan.number.into()),
            ("from", plan.from.to_owned()),
            ("expires", plan.header.into()),
        ] {
            command.args(["-key", name]).arg(value);
        }
        command.args([
            "-nostdin",
            "-trace_logs",
            "-trace_msg",
            "-trace_err",
            "-timeout_error",
        ]);
        let child = command
            .current_dir(dir.path())
            .env("TERM", "dumb")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sipp: the package sip-tester");
        Sipp {
            child: Mutex::new(child),
            dir,
            address: plan.address.to_owned(),
            port,
            tcp: plan.tcp,
            call_id,
            told: Default::default(),
        }
    }

    /// `sip:…` of this SIPp as a desk.
    pub fn address(&self, user: &str) -> String {
        format!("sip:{user}@{}:{}", self.address, self.port)
    }

    /// Tells a caller's scenario what to do next.
    pub fn tell(&self, order: &str) {
        self.tell_call(&self.call_id, order, "-");
    }

    /// Tells it to send a key by SIP INFO.
    pub fn tell_key(&self, order: &str, key: char) {
        self.tell_call(&self.call_id, order, &key.to_string());
    }

    /// Tells a desk's scenario, whose last call's id stands in its log.
    pub fn tell_desk(&self, order: &str) {
        self.tell_desk_key(order, '-');
    }

    pub fn tell_desk_key(&self, order: &str, key: char) {
        self.tell_desk_with(order, &key.to_string());
    }

    /// Tells it an order about somebody, such as `TRANSFER` to `8002`.
    pub fn tell_desk_with(&self, order: &str, key: &str) {
        let call_id = wait_for("the desk's call", Duration::from_secs(5), || {
            let log = self.log();
            let line = log.lines().rev().find_map(|line| line.split_once("call "));
            line.map(|(_, id)| id.trim().to_owned())
        });
        self.tell_call(&call_id, order, key);
    }

    fn tell_call(&self, call_id: &str, order: &str, key: &str) {
        let told = self.told.fetch_add(1, Ordering::Relaxed) + 1;
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let from = socket.local_addr().unwrap();
        let text = format!(
            "{order} sip:told@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{told}-{order}\r\n\
             From: <sip:test@{from}>;tag=t\r\nTo: <sip:told@127.0.0.1>\r\nCall-ID: {call_id}\r\n\
             CSeq: {told} {order}\r\nKey: {key}\r\nContent-Length: 0\r\n\r\n"
        );
        socket
            .send_to(text.as_bytes(), (self.address.as_str(), self.port))
            .unwrap();
    }

    /// Lines of the scenario's `<log>`.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// Every message sent and received.
    pub fn messages(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("messages")).unwrap_or_default()
    }

    fn errors(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("errors")).unwrap_or_default()
    }

    pub fn wait_log(&self, text: &str, bound: Duration) -> String {
        let until = std::time::Instant::now() + bound;
        loop {
            let log = self.log();
            if let Some(line) = log.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            let over = self.child.lock().unwrap().try_wait().unwrap();
            assert!(
                over.is_none() && std::time::Instant::now() < until,
                "SIPp ({over:?}) did not log “{text}” within {bound:?}; it has\n{log}\n{}\n{}",
                self.errors(),
                self.messages()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The server's RTP port as its answer names it.
    pub fn answered_port(&self, bound: Duration) -> u16 {
        let line = self.wait_log("answered ", bound);
        let port = line.split("answered ").nth(1).unwrap();
        port.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Its scenario came to its end as written.
    pub fn wait_success(self, bound: Duration) -> String {
        let status = self.wait_exit(bound);
        assert!(
            status.success(),
            "SIPp: {status}\n{}\n{}",
            self.errors(),
            self.messages()
        );
        self.messages()
    }

    fn wait_exit(&self, bound: Duration) -> ExitStatus {
        let until = std::time::Instant::now() + bound;
        loop {
            if let Some(status) = self.child.lock().unwrap().try_wait().unwrap() {
                return status;
            }
            assert!(
                std::time::Instant::now() < until,
                "SIPp goes on after {bound:?}:\n{}",
                self.messages()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        end(&mut self.child.lock().unwrap());
    }
}

fn end(child: &mut Child) {
    if matches!(child.try_wait(), Ok(None)) {
        let _ = child.kill();
    }
    let _ = child.wait();
}

/// linphonec, driven by its standard input.
pub struct Linphone {
    child: Child,
    dir: TempDir,
    pub port: u16,
}

/// The address that linphonec names in its SDP when it calls, whatever it is bound to: the machine's
/// own. Packets to it stay on the machine as those to loopback do.
pub fn linphone_address() -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // Connecting a UDP socket sends nothing; it asks for the route only.
    match socket.connect("192.0.2.1:9") {
        Ok(()) => socket.local_addr().unwrap().ip().to_string(),
        Err(_) => "127.0.0.1".into(),
    }
}

/// What linphonec protects.
#[derive(Debug, Clone, Copy, Default)]
pub struct Guarded<'a> {
    /// Media by SRTP with keys by SDES.
    pub srtp: bool,
    /// Signalling by TLS, where the server's certificate is of this issuer.
    pub tls: Option<&'a Path>,
}

/// Where linphonec registers, and as whom.
#[derive(Debug, Clone, Copy)]
pub struct Registering<'a> {
    pub account: &'a str,
    pub password: &'a str,
    /// `127.0.0.1:5060`
    pub server: &'a str,
    /// `udp`, `tcp` or `tls`.
    pub transport: &'a str,
}

/// How linphonec sends its keys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KeysBy {
    Events,
    Info,
}

impl Linphone {
    /// `name` is what it calls itself in From.
    pub fn start(name: &str, keys: KeysBy, codec: &str) -> Linphone {
        Linphone::start_guarded(name, keys, codec, Guarded::default())
    }

    /// With what it protects.
    pub fn start_guarded(name: &str, keys: KeysBy, codec: &str, guarded: Guarded) -> Linphone {
        Linphone::start_with(name, keys, codec, guarded, ("", 1))
    }

    /// It registers at once, and again in time.
    pub fn register(registering: Registering, guarded: Guarded) -> Linphone {
        let Registering {
            account,
            password,
            server,
            transport,
        } = registering;
        let more = format!(
            "[proxy_0]\nreg_proxy=<sip:{server};transport={transport}>\nreg_identity=<sip:{account}@{server}>\n\
             reg_expires=600\nreg_sendregister=1\npublish=0\n\
             [auth_info_0]\nusername={account}\npasswd={password}\nrealm=gradeline\n"
        );
        Linphone::start_with(account, KeysBy::Events, "PCMA", guarded, (&more, 1))
    }

    /// With room for two calls: one that it holds, and one beside it.
    pub fn start_for_two(name: &str) -> Linphone {
        Linphone::start_with(name, KeysBy::Events, "PCMA", Guarded::default(), ("", 2))
    }

    fn start_with(
        name: &str,
        keys: KeysBy,
        codec: &str,
        guarded: Guarded,
        (more, max_calls): (&str, u8),
    ) -> Linphone {
        let dir = tempfile::Builder::new()
            .prefix("linphone-")
            .tempdir()
            .unwrap();
        // It does not make the folder of its own database, and without that it opens no socket.
        std::fs::create_dir_all(dir.path().join(".local/share/linphone")).unwrap();
        let (port, rtp) = (place::port(), place::port());
        let (info, events) = match keys {
            KeysBy::Events => (0, 1),
            KeysBy::Info => (1, 0),
        };
        let encryption = if guarded.srtp { "srtp" } else { "none" };
        let mandatory = u8::from(guarded.srtp && guarded.tls.is_some());
        // The port of its own TLS is any.
        let tls = match guarded.tls {
            None => "sip_tls_port=-1\n".into(),
            Some(issuer) => format!(
                "sip_tls_port=-2\nroot_ca={}\nverify_server_certs=1\nverify_server_cn=1\n",
                issuer.display()
            ),
        };
        let proxy = if more.is_empty() { -1 } else { 0 };
        let other = if codec == "PCMA" { "PCMU" } else { "PCMA" };
        std::fs::write(
            dir.path().join("rc"),
            format!(
                "[sip]\nuse_ipv6=0\nipv6_migration_done=1\nsip_port={port}\nsip_tcp_port=-1\n{tls}use_info={info}\nuse_rfc2833={events}\n\
                 media_encryption={encryption}\nmedia_encryption_mandatory={mandatory}\ndefault_proxy={proxy}\nguess_hostname=0\ncontact=sip:{name}@127.0.0.1\n\
                 bind_address=127.0.0.1\n[net]\nbind_address=127.0.0.1\n\
                 [sound]\nplayback_dev_id=\nringer_dev_id=\ncapture_dev_id=\nechocancellation=0\n\
                 [rtp]\naudio_rtp_port={rtp}\naudio_adaptive_jitt_comp_enabled=0\n\
                 [audio_codec_0]\nmime={codec}\nrate=8000\nchannels=1\nenabled=1\n\
                 [audio_codec_1]\nmime={other}\nrate=8000\nchannels=1\nenabled=0\n\
                 [misc]\nconfig-uri=\nmax_calls={max_calls}\n{more}"
            ),
        )
        .unwrap();
        let out = std::fs::File::create(dir.path().join("out")).unwrap();
        let child = Command::new("linphonec")
            .arg("-c")
            .arg(dir.path().join("rc"))
            .args(["-d", "6", "-l"])
            .arg(dir.path().join("log"))
            .current_dir(dir.path())
            .env("HOME", dir.path())
            .stdin(Stdio::piped())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .expect("linphonec: the package linphone-cli");
        let mut phone = Linphone { child, dir, port };
        wait_for("linphonec's socket", Duration::from_secs(15), || {
            place::is_bound(port).then_some(())
        });
        phone.type_in("soundcard use files");
        phone
    }

    pub fn type_in(&mut self, line: &str) {
        use std::io::Write as _;
        let input = self.child.stdin.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
        input.flush().unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Into the call, once its streams run: asked before that it ends with a segmentation fault
    /// (`ms_filter_get_id` of no filter).
    pub fn play(&mut self, file: &Path) {
        self.wait_output("Media streams established", Duration::from_secs(15));
        self.type_in(&format!("play {}", file.display()));
    }

    pub fn record(&mut self, file: &Path) {
        self.type_in(&format!("record {}", file.display()));
    }

    /// What it printed.
    pub fn output(&self) -> String {
        std::fs::read_to_string(self.path("out")).unwrap_or_default()
    }

    pub fn wait_output(&self, text: &str, bound: Duration) {
        wait_for(
            &format!("linphonec's “{text}” in\n{}", self.output()),
            bound,
            || self.output().contains(text).then_some(()),
        );
    }

    /// Calls that have come to it.
    pub fn calls(&self) -> usize {
        self.output().matches("Receiving new incoming call").count()
    }

    /// Waits until so many calls have come to it.
    pub fn wait_call(&self, nth: usize, bound: Duration) {
        wait_for(&format!("linphonec's call {nth}"), bound, || {
            (self.calls() >= nth).then_some(())
        });
    }

    /// `quit`, its end, and then a look at the files it wrote.
    pub fn quit_keeping(mut self, look: impl FnOnce(&Path)) {
        self.type_in("quit");
        let bound = Duration::from_secs(10);
        wait_for("linphonec's end", bound, || self.child.try_wait().unwrap());
        look(self.dir.path());
    }
}

impl Drop for Linphone {
    fn drop(&mut self) {
        end(&mut self.child);
        if std::thread::panicking() {
            eprintln!("-- linphonec\n{}", self.output());
        }
    }
}
