//! What the cloud charges, in US dollars without VAT, as far as its pages tell.

/// How sure a price is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// On the service's own page.
    Page,
    /// On an older page of the service; the newer one has no figure.
    OlderPage,
    /// Nowhere in dollars.
    Guess,
}

impl Source {
    /// In a word, for a table.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::OlderPage => "older page",
            Self::Guess => "guess",
        }
    }
}

/// The price of a unit beyond what is free each month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Dollars a unit.
    pub dollars: f64,
    /// Units that are free each month, for the whole billing account.
    pub free: f64,
    /// Where it is from.
    pub source: Source,
}

/// Prices of what a chat uses. Triggers are free, and so is what the gateway
/// sends to sockets, pings included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prices {
    /// Of a million calls of functions.
    pub million_calls: Price,
    /// Of a GB·hour of functions' memory.
    pub gigabyte_hour: Price,
    /// Of a million request units of a serverless database.
    pub million_units: Price,
    /// Of a million requests to a gateway.
    pub million_requests: Price,
    /// Of a GB that goes out to the internet.
    pub gigabyte_out: Price,
}

impl Prices {
    /// The newest that were found.
    pub const NEWEST: Self = Self {
        // functions/pricing, the newer of two; the older one says 0.128 and 0.04376.
        million_calls: Price {
            dollars: 0.155_491_778_4,
            free: 1.0,
            source: Source::Page,
        },
        gigabyte_hour: Price {
            dollars: 0.053_114_745_6,
            free: 10.0,
            source: Source::Page,
        },
        // The example of ydb/pricing/serverless, from when calls of functions
        // cost $0.128 a million.
        million_units: Price {
            dollars: 0.171_04,
            free: 1.0,
            source: Source::OlderPage,
        },
        // An older page of api-gateway/pricing says 75 ₽; in dollars at the rate
        // that functions' older prices had (16 ₽ for $0.128).
        million_requests: Price {
            dollars: 0.60,
            free: 0.1,
            source: Source::Guess,
        },
        // The first 100 GB are documented, the price of more isn't.
        gigabyte_out: Price {
            dollars: 0.013,
            free: 100.0,
            source: Source::Guess,
        },
    };
}
