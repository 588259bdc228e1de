//! In the place of `reqwest` 0.11, for the crate `ydb` alone.
//!
//! `ydb` links that HTTP client, with a TLS stack and root certificates of its
//! own, for two kinds of credentials: those that it gets from a virtual
//! machine's metadata service, and those that it gets for a service account's
//! key. wschat uses neither: the function's runtime hands the handler a token
//! with every call, the operator gets its own by way of `yandex-cloud-rest`,
//! and both give `ydb` the text. But a connection string could name such
//! credentials, so the linker keeps all of it, and the client was a sixth of
//! the archive that every cold start loads.
//!
//! This has just what `ydb` is compiled against. Whatever is sent fails, with
//! words that say so. `cargo xtask handler` refuses to build when nothing takes
//! this any more, as when a newer `ydb` asks for another version.

pub use http::Method;

/// Why there is no answer: always the same.
#[derive(Debug)]
pub struct Error(());

impl std::fmt::Display for Error {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(
            "wschat's build of the crate ydb gets no tokens over HTTP; give it the token's text",
        )
    }
}

impl std::error::Error for Error {}

/// The client that waits, which is the only one that `ydb` uses.
pub mod blocking {
    use super::{Error, Method};

    /// A client that reaches nobody.
    #[derive(Debug, Default)]
    pub struct Client(());

    impl Client {
        /// As good as any other.
        #[must_use]
        pub fn new() -> Self {
            Self(())
        }

        /// A request that won't be sent.
        pub fn request<A>(&self, _method: Method, _address: A) -> RequestBuilder {
            RequestBuilder(())
        }
    }

    /// A request that won't be sent.
    #[derive(Debug)]
    #[must_use]
    pub struct RequestBuilder(());

    impl RequestBuilder {
        /// Forgets a header.
        pub fn header(self, _name: &str, _value: &str) -> Self {
            self
        }

        /// Forgets a body.
        pub fn json<T: serde::Serialize + ?Sized>(self, _body: &T) -> Self {
            self
        }

        /// Fails.
        ///
        /// # Errors
        /// Always.
        pub fn send(self) -> Result<Response, Error> {
            Err(Error(()))
        }
    }

    /// What never comes.
    #[derive(Debug)]
    pub enum Response {}

    impl Response {
        /// Can't be called.
        ///
        /// # Errors
        /// None.
        pub fn json<T: serde::de::DeserializeOwned>(self) -> Result<T, Error> {
            match self {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Method, blocking::Client};

    #[test]
    fn whatever_is_sent_fails_and_says_what_to_do() {
        let request = Client::new().request(Method::GET, "http://169.254.169.254/");
        let error = request.header("a", "b").json(&1).send().unwrap_err();
        assert!(error.to_string().contains("the token's text"), "{error}");
    }
}
