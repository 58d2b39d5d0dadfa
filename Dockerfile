# The service alone, for a database that TANYIN_DATABASE_URL and TANYIN_MIGRATION_URL
# name: no embedded PostgreSQL, hence no demo mode.
#
#   docker run --env-file tanyin.env tanyin db upgrade
#   docker run --env-file tanyin.env --publish 8000:8000 tanyin

FROM python:3.13-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends make
WORKDIR /srv/tanyin
COPY Makefile pyproject.toml README.md requirements-image.lock ./
COPY app/__init__.py app/
RUN make environment LOCKS=requirements-image.lock

FROM python:3.13-slim
RUN useradd --system --no-create-home --shell /usr/sbin/nologin tanyin
# The place it was built in, for scripts in .venv name their interpreter.
WORKDIR /srv/tanyin
COPY --from=build /srv/tanyin ./
COPY app app
COPY migrations migrations
USER tanyin
ENV PATH=/srv/tanyin/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TANYIN_HOST=0.0.0.0 \
    TANYIN_PORT=8000
EXPOSE 8000
HEALTHCHECK --start-period=30s --interval=10s --timeout=5s CMD ["python", "-c", "\
import http.client, os, sys; \
service = http.client.HTTPConnection('127.0.0.1', int(os.environ['TANYIN_PORT']), 3); \
service.request('GET', '/healthz'); \
sys.exit(service.getresponse().status != 200)"]
ENTRYPOINT ["tanyin"]
CMD ["serve"]
