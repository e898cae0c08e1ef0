# The image of the sidecar: docker build -t standin . && docker run -p 8080:8080 standin run --upstream URL
# A configuration is read from /etc/standin/standin.toml where one is mounted there.

ARG RUST=1.95
FROM rust:${RUST}-bookworm AS build
# dist takes twenty minutes and makes the fastest binary; release takes less.
ARG PROFILE=dist
# As in the Makefile, which says why; with another profile it only makes the build longer.
ENV RUSTFLAGS="-Cllvm-args=-inline-threshold=1500 -Cllvm-args=-inlinecold-threshold=45"
# cmake and the C compiler (the latter is in the image) build the compression libraries of the proxy engine. Debian keeps
# only the newest version of a package, so that a fixed one would soon be gone.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends cmake && rm -rf /var/lib/apt/lists/*
WORKDIR /build

# The dependencies first, with placeholders for our own sources: this layer stays until Cargo.lock changes.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
 && echo '//! Placeholder.' > src/lib.rs \
 && printf '//! Placeholder.\nfn main() {}\n' > src/main.rs \
 && cargo build --locked --profile "$PROFILE" --lib --bin standin \
 && rm -r src

# The sample mocks are part of the binary, for `standin demo`, and so is what `standin inject` adds. The files keep the
# times of the checkout, which may be older than the placeholders' build: without `touch` cargo would take the
# placeholders for up to date.
COPY config config
COPY src src
RUN touch src/lib.rs src/main.rs \
 && cargo install --locked --profile "$PROFILE" --path . --root out --no-track --bin standin \
 && out/bin/standin --version

# libc, libgcc, certificates of the public authorities for https upstreams, and nothing else: no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="standin" \
      org.opencontainers.image.description="A reverse-proxy sidecar that mocks selected routes and forwards everything else" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /build/out/bin/standin /usr/local/bin/standin
COPY LICENSE /usr/share/doc/standin/LICENSE

# Nobody: no name, no home, no shell. Kubernetes' runAsNonRoot asks for a number.
USER 65532:65532
# data, ops; the admin listener stays on loopback.
EXPOSE 8080 9091
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/usr/local/bin/standin", "ping"]
ENTRYPOINT ["/usr/local/bin/standin"]
CMD ["run"]
