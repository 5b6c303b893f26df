//! Images, speech and transcriptions.

use std::time::Duration;

use parlance::kernel::clock::{sleep_real_time, with_timeout};
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};

use super::{
    upstream::{Asked, Upstream},
    without_times,
};
use crate::{
    botpress::given::Given,
    support::{TestServer, assert_answer},
};

const TRANSCRIBE: &str = "/v2/cognitive/transcribe-audio";

async fn with_upstream(upstream: &Upstream) -> Given {
    let url = format!("{}/v1", upstream.origin);
    let server = TestServer::with(|config| {
        config.answers.upstream.url = Some(url);
        config.ai.transcription_model = Some("whisper".to_owned());
        config.ai.speech_model = Some("kokoro".to_owned());
        config.ai.media_bytes = 1024;
    })
    .await;
    Given::on(server).await
}

/// Transcribes, and offers an audio file.
fn transcriber(asked: &Asked) -> (u16, Vec<u8>) {
    match asked.path.as_str() {
        "/greeting.wav" => (200, b"RIFF".to_vec()),
        "/long.wav" => (200, vec![0; 2000]),
        "/v1/audio/transcriptions" => {
            let answer = json!({"text": "Good morning.", "duration": 1.5});
            (200, answer.to_string().into_bytes())
        }
        _ => (404, b"{}".to_vec()),
    }
}

#[tokio::test]
async fn transcribe_audio_passes_the_audio_on() {
    let upstream = Upstream::start(transcriber).await;
    let given = with_upstream(&upstream).await;
    let bot = given.as_bot();
    let url = format!("{}/greeting.wav", upstream.origin);
    let body = json!({"url": url, "model": "auto"});
    let answer = bot.post(&given.server, TRANSCRIBE, body).await.expect(200);
    insta::assert_json_snapshot!("transcription", without_times(answer.json()));
    let asked = upstream.asked().pop().expect("a request");
    let boundary = asked.content_type.split_once("boundary=").expect("one").1;
    let form = String::from_utf8(asked.body).expect("UTF-8");
    insta::assert_snapshot!(
        "transcription_form",
        form.replace(boundary, "[boundary]").replace('\r', "")
    );
    let body = json!({"url": "data:audio/ogg;base64,aGk=", "options": {"requestId": "r"}});
    for _ in 0..2 {
        let answer = bot.post(&given.server, TRANSCRIBE, body.clone()).await;
        assert_eq!(answer.expect(200).json()["output"], "Good morning.");
    }
    let forms = upstream.asked();
    let forms = forms
        .iter()
        .filter(|asked| asked.path.ends_with("transcriptions"));
    assert_eq!(forms.count(), 2);
}

#[tokio::test]
async fn transcribe_audio_refuses_what_it_cannot_read() {
    let upstream = Upstream::start(transcriber).await;
    let given = with_upstream(&upstream).await;
    for (name, url) in [
        ("audio_missing", format!("{}/other.wav", upstream.origin)),
        ("audio_too_long", format!("{}/long.wav", upstream.origin)),
        ("audio_scheme", "file:///etc/passwd".to_owned()),
        ("audio_metadata", "http://169.254.169.254/x".to_owned()),
    ] {
        let answer = given
            .as_bot()
            .post(&given.server, TRANSCRIBE, json!({"url": url}))
            .await;
        let answer = answer.expect(400).json();
        assert_eq!(answer["type"], "InvalidPayload");
        insta::assert_snapshot!(name, answer["message"].as_str().expect("a text"));
    }
    let answer = given
        .as_bot()
        .post(&given.server, TRANSCRIBE, json!({}))
        .await;
    answer.expect(400);
    let none = Given::new().await;
    let body = json!({"url": "data:audio/wav;base64,aGk="});
    let answer = none.as_bot().post(&none.server, TRANSCRIBE, body).await;
    assert_answer!("no_server_for_media", answer.expect(400));
}

#[tokio::test]
async fn transcribe_audio_asks_again_without_the_duration() {
    let upstream = Upstream::start(|asked| {
        let form = String::from_utf8_lossy(&asked.body).into_owned();
        match form.contains("verbose_json") {
            true => (
                400,
                br#"{"error": "verbose_json is not supported"}"#.to_vec(),
            ),
            false => (200, br#"{"text": "Hi."}"#.to_vec()),
        }
    })
    .await;
    let given = with_upstream(&upstream).await;
    let body = json!({"url": "data:audio/wav;base64,aGk=", "mimeType": "audio/mpeg"});
    let answer = given.as_bot().post(&given.server, TRANSCRIBE, body).await;
    let answer = answer.expect(200).json();
    assert_eq!(answer["metadata"]["durationSeconds"], 0.0);
}

#[tokio::test]
async fn list_voices_passes_the_list_on() {
    let upstream = Upstream::start(|asked| match asked.path.as_str() {
        "/v1/audio/voices" => (200, br#"{"voices": ["af_sky", "am_adam"]}"#.to_vec()),
        _ => (404, Vec::new()),
    })
    .await;
    let given = with_upstream(&upstream).await;
    let path = "/v2/cognitive/voices?model=kokoro&language=en";
    let voices = given.as_bot().get(&given.server, path).await;
    assert_answer!("voices", voices.expect(200));
    let without = Upstream::start(|_| (404, Vec::new())).await;
    let given = with_upstream(&without).await;
    let voices = given.as_bot().get(&given.server, path).await.expect(200);
    assert_eq!(voices.json(), json!({"voices": []}));
    let none = Given::new().await;
    none.as_bot().get(&none.server, path).await.expect(400);
}

/// The operations whose results are files, each with its body.
fn operations_with_files() -> [(&'static str, Value); 3] {
    [
        (
            "/v2/cognitive/generate-image",
            json!({"prompt": "A lighthouse"}),
        ),
        (
            "/v2/cognitive/generate-audio",
            json!({"model": "auto", "input": "Hi."}),
        ),
        (
            "/v2/cognitive/generate-audio-stream",
            json!({"model": "auto", "input": "Hi."}),
        ),
    ]
}

/// Makes an image and speech.
fn maker(asked: &Asked) -> (u16, Vec<u8>) {
    match asked.path.as_str() {
        "/v1/images/generations" => (200, br#"{"data": [{"b64_json": "aGk="}]}"#.to_vec()),
        "/v1/audio/speech" => (200, b"RIFF".to_vec()),
        _ => (404, Vec::new()),
    }
}

/// The bytes at an address, which needs no key, and their type.
async fn read(given: &Given, url: &Value) -> (String, String) {
    let url = url.as_str().expect("an address");
    let request = given.server.client.get(url);
    let answer = crate::support::send(request).await.expect(200);
    let content_type = answer.header("content-type").expect("a type").to_owned();
    (answer.text, content_type)
}

#[tokio::test]
async fn generate_image_stores_a_public_file() {
    let upstream = Upstream::start(maker).await;
    let given = with_upstream(&upstream).await;
    let body = json!({
        "prompt": "A lighthouse", "model": "openai:gpt-image-1", "size": "16:9", "quality": "low",
        "format": "jpeg", "options": {"expirationDays": 2},
    });
    let path = "/v2/cognitive/generate-image";
    let answer = given.as_bot().post(&given.server, path, body).await;
    let mut answer = without_times(answer.expect(200).json());
    let url = answer["output"]["imageUrl"].take();
    insta::assert_json_snapshot!("image", answer);
    let (bytes, content_type) = read(&given, &url).await;
    assert_eq!(
        (bytes.as_str(), content_type.as_str()),
        ("hi", "image/jpeg")
    );
    let asked = upstream.asked().pop().expect("a request");
    let asked: Value = serde_json::from_slice(&asked.body).expect("JSON");
    insta::assert_json_snapshot!("image_request", asked);
    given
        .server
        .clock
        .advance(std::time::Duration::from_secs(3 * 24 * 3600));
    let gone = given.server.client.get(url.as_str().expect("an address"));
    crate::support::send(gone).await.expect(404);
}

#[tokio::test]
async fn generate_audio_stores_a_public_file() {
    let upstream = Upstream::start(maker).await;
    let given = with_upstream(&upstream).await;
    let body = json!({"model": "auto", "input": "Hi.", "format": "wav", "speed": 1.5});
    let path = "/v2/cognitive/generate-audio";
    let answer = given.as_bot().post(&given.server, path, body).await;
    let mut answer = without_times(answer.expect(200).json());
    let url = answer["output"]["audioUrl"].take();
    insta::assert_json_snapshot!("audio", answer);
    let (bytes, content_type) = read(&given, &url).await;
    assert_eq!(
        (bytes.as_str(), content_type.as_str()),
        ("RIFF", "audio/wav")
    );
}

#[tokio::test]
async fn generate_audio_stream_ends_with_the_stored_file() {
    let upstream = Upstream::start(maker).await;
    let given = with_upstream(&upstream).await;
    let body = json!({"input": "Hi."});
    let path = "/v2/cognitive/generate-audio-stream";
    let answer = given
        .as_bot()
        .post(&given.server, path, body)
        .await
        .expect(200);
    let lines = super::lines(&answer);
    assert_eq!(lines[0], json!({"audio": "UklGRg==", "finished": false}));
    assert_eq!(lines[1]["finished"], true);
    let (bytes, content_type) = read(&given, &lines[1]["audioUrl"]).await;
    assert_eq!(
        (bytes.as_str(), content_type.as_str()),
        ("RIFF", "audio/mpeg")
    );
}

#[tokio::test]
async fn generate_audio_stream_begins_after_its_checks() {
    let upstream = Upstream::start(|_| (200, Vec::new())).await;
    let given = with_upstream(&upstream).await;
    let path = "/v2/cognitive/generate-audio-stream";
    let body = json!({"input": "Hi.", "format": "midi"});
    let answer = given.as_bot().post(&given.server, path, body).await;
    assert_answer!("audio_format", answer.expect(400));
    let body = json!({"input": "Hi.", "model": {"id": "x"}});
    let answer = given.as_bot().post(&given.server, path, body).await;
    answer.expect(400);
    assert!(upstream.asked().is_empty());
}

#[tokio::test]
async fn generate_audio_without_a_model_server_is_a_clear_400() {
    let given = Given::new().await;
    for (path, body) in operations_with_files() {
        let answer = given.as_bot().post(&given.server, path, body).await;
        assert_answer!("no_server_for_media", answer.expect(400));
    }
}

/// An address that begins to answer and never ends. It keeps the connections open.
async fn start_endless() -> (String, tokio::task::JoinHandle<Vec<TcpStream>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let task = tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let begin = "HTTP/1.1 200 OK\r\ncontent-type: audio/wav\r\ncontent-length: 9\r\n\r\nR";
            stream.write_all(begin.as_bytes()).await.expect("written");
            open.push(stream);
        }
    });
    (origin, task)
}

/// A model server that fails with words, and then sends a space every now and then until its client hangs up.
async fn start_dripping() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            tokio::spawn(async move {
                let begin =
                    "HTTP/1.1 400 Bad Request\r\ncontent-length: 9999\r\n\r\n{\"error\":\"No\"}";
                let mut text = begin.as_bytes();
                while stream.write_all(text).await.is_ok() {
                    sleep_real_time(Duration::from_millis(200)).await;
                    text = b" ";
                }
            });
        }
    });
    origin
}

#[tokio::test]
async fn an_error_that_does_not_end_is_told_in_the_time_of_the_settings() {
    let upstream = format!("{}/v1", start_dripping().await);
    let server = TestServer::with(|config| {
        config.answers.upstream.url = Some(upstream);
        config.ai.image_model = Some("painter".to_owned());
        config.ai.timeout_seconds = 1;
    })
    .await;
    let given = Given::on(server).await;
    let body = json!({"prompt": "a cat"});
    let bot = given.as_bot();
    let answer = bot.post(&given.server, "/v2/cognitive/generate-image", body);
    let answer = with_timeout(Duration::from_secs(20), answer).await;
    let answer = answer.expect("an answer in time").expect(400);
    let said = "the model's server answered with status code 400: No";
    assert!(answer.text.contains(said), "{}", answer.text);
}

#[tokio::test]
async fn media_and_answers_take_the_time_of_the_settings() {
    let (origin, _task) = start_endless().await;
    let upstream = format!("{origin}/v1");
    let server = TestServer::with(|config| {
        config.answers.upstream.url = Some(upstream);
        config.ai.transcription_model = Some("whisper".to_owned());
        config.ai.speech_model = Some("kokoro".to_owned());
        config.ai.image_model = Some("painter".to_owned());
        config.ai.timeout_seconds = 1;
    })
    .await;
    let given = Given::on(server).await;
    let bot = given.as_bot();
    let image = json!({"type": "image", "url": format!("{origin}/a.png")});
    let content = json!([image, image, image]);
    let body = json!({"messages": [{"role": "user", "content": content}]});
    let late =
        "/messages/0/content/0/url cannot be read: the addresses of the request take too long";
    let text = "/v2/cognitive/generate-text";
    let answer = bot.post(&given.server, text, body).await.expect(400);
    let message = answer.json()["message"].to_string();
    assert!(message.contains(late), "{message}");
    for (path, body) in [
        (TRANSCRIBE, json!({"url": "data:audio/wav;base64,aGk="})),
        ("/v2/cognitive/generate-image", json!({"prompt": "a cat"})),
        ("/v2/cognitive/generate-audio", json!({"input": "Hello"})),
    ] {
        let answer = bot.post(&given.server, path, body).await.expect(502);
        assert!(
            answer.text.contains("1 s") || answer.text.contains("1s"),
            "{path}: {}",
            answer.text
        );
    }
    let stream = "/v2/cognitive/generate-audio-stream";
    let answer = bot
        .post(&given.server, stream, json!({"input": "Hello"}))
        .await;
    let answer = answer.expect(200);
    let ends = "no complete answer within 1s (ai.timeout_seconds)";
    assert!(answer.text.contains(ends), "{}", answer.text);
}
