//! The way out: drains the outbox (SMS, national platform, webhooks). Nothing leaves yet.
