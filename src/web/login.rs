//! Coming in and going out: the login, a new password, the language.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::chrome::Chrome;
use super::guard::{Finished, rendered};
use super::locale::Language;
use super::params::Params;
use super::problem::Problem;
use super::{Web, now};
use crate::staff::{LoginAnswer, PasswordAnswer};

pub(super) const LANGUAGE_COOKIE: &str = "gradeline-language";
const LOGIN_COOKIE: &str = "gradeline-login";
const LOGIN_COOKIE_TLS: &str = "__Host-gradeline-login";

/// Nobody's name or password is longer; what is longer is not hashed.
const MAX_FIELD_BYTES: usize = 256;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    page: Chrome,
    name: String,
    next: String,
    /// A key of the locale files.
    error: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    page: Chrome,
    error: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct LoginForm {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    old: String,
    new: String,
    again: String,
}

#[derive(Deserialize)]
pub(super) struct LanguageForm {
    language: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn page(page: Chrome, params: Params) -> Result<Response, Problem> {
    params.only(&["next"])?;
    let next = own_address(params.text("next").unwrap_or_default()).to_owned();
    Ok(rendered(&LoginPage {
        page,
        name: String::new(),
        next,
        error: None,
    }))
}

pub(super) async fn log_in(
    State(web): State<Web>,
    page: Chrome,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> Result<Response, Problem> {
    let within_bounds =
        form.name.len() <= MAX_FIELD_BYTES && form.password.len() <= MAX_FIELD_BYTES;
    let answer = match within_bounds {
        true => {
            web.engine
                .log_in(form.name.trim(), &form.password, now())
                .await?
        }
        false => LoginAnswer::Refused,
    };
    let LoginAnswer::In(login) = answer else {
        tracing::warn!("a login was refused");
        metrics::counter!("gradeline_logins_refused_total").increment(1);
        let again = LoginPage {
            page,
            name: form.name.chars().take(64).collect(),
            next: own_address(&form.next).to_owned(),
            error: Some("login.refused"),
        };
        return Ok(refused(&again));
    };
    // A new login is a new secret; the one this browser had before ends here.
    if let Some(old) = secret(&web, &headers) {
        web.engine.log_out(&old).await?;
    }
    let next = match login.person.must_change_password {
        true => "/password",
        false => own_address(&form.next),
    };
    let mut response = Redirect::to(next).into_response();
    set_cookie(&mut response, &login_cookie(&web, &login.secret, ""));
    Ok(response)
}

pub(super) async fn log_out(
    State(web): State<Web>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(secret) = secret(&web, &headers) {
        web.engine.log_out(&secret).await?;
    }
    let mut response = Redirect::to("/login").into_response();
    set_cookie(&mut response, &login_cookie(&web, "", "; Max-Age=0"));
    Ok(response)
}

pub(super) async fn password_page(page: Chrome) -> Response {
    rendered(&PasswordPage { page, error: None })
}

pub(super) async fn change_password(
    State(web): State<Web>,
    page: Chrome,
    headers: HeaderMap,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Problem> {
    let error = if form.new != form.again {
        page.t("password.differ")
    } else if form.new.chars().count() < 12 {
        page.t("password.short")
    } else if form.new.len() > MAX_FIELD_BYTES || form.old.len() > MAX_FIELD_BYTES {
        page.t("password.long")
    } else if form.new == form.old {
        page.t("password.same")
    } else {
        let secret = secret(&web, &headers).ok_or_else(Problem::unauthorised)?;
        match web
            .engine
            .change_password(&secret, &form.old, &form.new, now())
            .await?
        {
            PasswordAnswer::Changed => return Ok(Redirect::to("/").into_response()),
            PasswordAnswer::WrongPassword => page.t("password.wrong"),
            PasswordAnswer::Unfit(why) => page.fill("password.unfit", &[("why", why)]),
        }
    };
    let error = Some(error);
    Ok(refused(&PasswordPage { page, error }))
}

pub(super) async fn choose_language(Form(form): Form<LanguageForm>) -> Response {
    let language = Language::from_tag(&form.language).unwrap_or_default();
    let mut response = Redirect::to(own_address(&form.next)).into_response();
    let tag = language.tag();
    set_cookie(
        &mut response,
        &format!("{LANGUAGE_COOKIE}={tag}; Path=/; SameSite=Lax; Max-Age=31536000"),
    );
    response
}

/// The page again with what was wrong; 422 lets Turbo show it in place.
pub(super) fn refused(template: &impl Template) -> Response {
    let mut response = rendered(template);
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    response.extensions_mut().insert(Finished);
    response
}

/// The address if it lies on this server, else the first page: nobody is sent elsewhere by a link.
fn own_address(address: &str) -> &str {
    let is_own = address.starts_with('/')
        && !address.starts_with("//")
        && !address.contains('\\')
        && address.bytes().all(|byte| byte.is_ascii_graphic());
    match is_own {
        true => address,
        false => "/",
    }
}

/// The login's secret from its cookie.
pub(super) fn secret(web: &Web, headers: &HeaderMap) -> Option<String> {
    cookie(headers, login_cookie_name(web)).filter(|secret| !secret.is_empty())
}

/// A cookie's value (RFC 6265 §5.4).
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(other, _)| *other == name)
        .map(|(_, value)| value.to_owned())
}

fn login_cookie_name(web: &Web) -> &'static str {
    match web.options.behind_tls {
        true => LOGIN_COOKIE_TLS,
        false => LOGIN_COOKIE,
    }
}

fn login_cookie(web: &Web, secret: &str, ending: &str) -> String {
    let secure = match web.options.behind_tls {
        true => "; Secure",
        false => "",
    };
    let name = login_cookie_name(web);
    format!("{name}={secret}; Path=/; HttpOnly; SameSite=Lax{secure}{ending}")
}

fn set_cookie(response: &mut Response, cookie: &str) {
    let value = HeaderValue::from_str(cookie).expect("our cookies are plain ASCII");
    response.headers_mut().append(header::SET_COOKIE, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_cannot_send_anybody_to_another_server() {
        for foreign in [
            "//evil",
            "/\\evil",
            "https://evil",
            "",
            "javascript:alert(1)",
            "/a\r\nb",
        ] {
            assert_eq!(own_address(foreign), "/", "{foreign}");
        }
        assert_eq!(own_address("/calls?live=true"), "/calls?live=true");
    }
}
