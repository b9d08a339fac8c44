//! A registered person: signs up with the code from the mail, signs in, and keeps a token that is good.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use http::Method;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::Mailbox;
use crate::http::{Api, As, Ask, refused_with, text};

/// Tokens live for ten minutes; a fresh one is got before.
const TOKEN_AGE_MAX: Duration = Duration::from_mins(8);

/// A registered person. Cloning shares the token.
#[derive(Clone, Debug)]
pub struct Account {
    /// `users/{user}`
    pub user: String,
    /// Where the mail goes.
    pub email: String,
    password: String,
    api: Api,
    token: Arc<Mutex<Option<(Instant, As)>>>,
}

impl Account {
    /// Registers and confirms; signs in instead if the e-mail is registered already.
    ///
    /// Errors: those of the platform; no mail.
    pub async fn open(
        api: &Api,
        mailbox: &Mailbox,
        email: &str,
        password: &str,
        display_name: &str,
        locale: &str,
    ) -> anyhow::Result<Self> {
        let body = json!({"email": email, "password": password, "displayName": display_name, "locale": locale});
        let registered = api.surely(&Ask::post("/v1/users:register", &body)).await?;
        let user = text(&registered, "/user")?.to_owned();
        let code = mailbox.code(email).await?;
        let body = json!({"code": code, "device": "journey"});
        let confirmed =
            api.surely(&Ask::post(format!("/v1/{user}:confirmRegistration"), &body)).await;
        match confirmed {
            Ok(tokens) => Self::of_tokens(api, email, password, &tokens),
            // The answer to an earlier try may have been lost after its effect.
            Err(error) if refused_with(&error).is_some() => {
                Self::sign_in(api, email, password).await.context(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Signs in with a password.
    ///
    /// Errors: those of the platform.
    pub async fn sign_in(api: &Api, email: &str, password: &str) -> anyhow::Result<Self> {
        let tokens = api.surely(&signing_in(email, password)).await?;
        Self::of_tokens(api, email, password, &tokens)
    }

    fn of_tokens(api: &Api, email: &str, password: &str, tokens: &Value) -> anyhow::Result<Self> {
        let token = As::Token(text(tokens, "/accessToken")?.to_owned());
        Ok(Self {
            user: text(tokens, "/user")?.to_owned(),
            email: email.to_owned(),
            password: password.to_owned(),
            api: api.clone(),
            token: Arc::new(Mutex::new(Some((Instant::now(), token)))),
        })
    }

    /// A token that is good for some time.
    ///
    /// Errors: those of signing in again.
    pub async fn caller(&self) -> anyhow::Result<As> {
        if let Some((since, token)) = &*self.token.lock()
            && since.elapsed() < TOKEN_AGE_MAX
        {
            return Ok(token.clone());
        }
        let tokens = self.api.surely(&signing_in(&self.email, &self.password)).await?;
        let token = As::Token(text(&tokens, "/accessToken")?.to_owned());
        *self.token.lock() = Some((Instant::now(), token.clone()));
        Ok(token)
    }

    /// Begins another session and ends it at once; returns the token that it had.
    ///
    /// Errors: those of the platform.
    pub async fn sign_in_and_out(&self) -> anyhow::Result<As> {
        let tokens = self.api.surely(&signing_in(&self.email, &self.password)).await?;
        let token = As::Token(text(&tokens, "/accessToken")?.to_owned());
        let session = text(&tokens, "/session")?;
        let leave = Ask::of(Method::DELETE, format!("/v1/{session}")).by(&token).key(session);
        self.api.surely(&leave).await?;
        Ok(token)
    }

    /// A token with a role: for a vendor, or as an operator.
    ///
    /// Errors: those of the platform.
    pub async fn role(&self, of: &str) -> anyhow::Result<As> {
        let ask = Ask::post(format!("/v1/{of}:token"), &json!({})).by(&self.caller().await?);
        let issued = self.api.surely(&ask).await?;
        Ok(As::Token(text(&issued, "/accessToken")?.to_owned()))
    }
}

fn signing_in(email: &str, password: &str) -> Ask {
    Ask::post(
        "/v1/auth:signIn",
        &json!({"email": email, "password": password, "device": "journey"}),
    )
}

/// A token with a role that is got again before it runs out. Cloning shares it.
#[derive(Clone, Debug)]
pub(super) struct Badge {
    account: Account,
    of: String,
    token: Arc<Mutex<Option<(Instant, As)>>>,
}

impl Badge {
    pub(super) fn new(account: &Account, of: &str) -> Self {
        Self { account: account.clone(), of: of.to_owned(), token: Arc::default() }
    }

    pub(super) async fn caller(&self) -> anyhow::Result<As> {
        if let Some((since, token)) = &*self.token.lock()
            && since.elapsed() < TOKEN_AGE_MAX
        {
            return Ok(token.clone());
        }
        let token = self.account.role(&self.of).await?;
        *self.token.lock() = Some((Instant::now(), token.clone()));
        Ok(token)
    }
}
