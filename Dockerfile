# Sluice for your own database:
#
#     docker build -t sluice .
#     docker run --rm -e DATABASE_URL sluice run pipelines/yellow_taxi.yaml --env live
#     docker run --rm -e DATABASE_URL -v "$PWD/pipelines:/app/pipelines:ro" sluice plan pipelines/mine.yaml
#     docker run -e DATABASE_URL -e SLUICE_TOKEN -p 8080:8080 sluice serve pipelines/ --host 0.0.0.0
#
# The embedded Postgres stays out: a container's files are gone with it, and without it the program
# needs no permission to start another one.
FROM denoland/deno:2.9.6

WORKDIR /app
RUN chown deno:deno /app
# The user "deno" of the image, as a number: Kubernetes checks it against runAsNonRoot.
USER 1993:1993

# Dependencies change less often than code: a layer of their own, exactly as locked.
COPY --chown=deno:deno deno.json deno.lock ./
RUN deno install --frozen

COPY --chown=deno:deno schemas ./schemas
# `explain` has its texts from there.
COPY --chown=deno:deno docs ./docs
COPY --chown=deno:deno src ./src
COPY --chown=deno:deno fixtures ./fixtures
COPY --chown=deno:deno pipelines ./pipelines
RUN deno cache --frozen src/main.ts

# `serve` listens here.
EXPOSE 8080

# deno itself, so that SIGTERM arrives and runs end cleanly.
ENTRYPOINT ["deno", "run", "-q", "--v8-flags=--max-semi-space-size=1,--expose-gc", "--frozen", "--cached-only", \
  "--node-modules-dir=manual", "--no-prompt", "-P=service", \
  "--allow-write=/app/.sluice,/app/logs", "src/main.ts"]
CMD ["--help"]
