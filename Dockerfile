# syntax=docker/dockerfile:1

# The toolchain is the one rust-toolchain.toml pins; a test compares the two.
FROM rust:1.95.0-slim-bookworm AS chef
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*
RUN cargo install cargo-chef --locked
WORKDIR /build

FROM chef AS plan
COPY . .
RUN cargo chef prepare --recipe-path recipe.json --bin greenroom

FROM chef AS build
COPY rust-toolchain.toml ./
COPY --from=plan /build/recipe.json ./
# Dependencies: this layer is kept until Cargo.lock changes.
RUN cargo chef cook --release --locked --recipe-path recipe.json --bin greenroom
COPY . .
RUN cargo build --release --locked --bin greenroom \
    && mkdir -p /empty

# glibc and certificates, no shell; runs as uid 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/release/greenroom /usr/local/bin/greenroom
COPY --from=build --chown=65532:65532 --chmod=0700 /empty /data
ENV GREENROOM_DATA_DIR=/data \
    XDG_CACHE_HOME=/data/cache \
    HTTP_ADDR=0.0.0.0:8080 \
    METRICS_ADDR=0.0.0.0:9090
USER 65532:65532
VOLUME /data
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["/usr/local/bin/greenroom", "health"]
ENTRYPOINT ["/usr/local/bin/greenroom"]
CMD ["run"]
