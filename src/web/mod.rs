//! Doors 2–4 and the staff's pages, and the API. The only room that names `axum`.
