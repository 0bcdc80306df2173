FROM python:3.12-slim
WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY membership membership
RUN python -m membership.catalogs
COPY templates templates
COPY migrations migrations
COPY wsgi.py pyproject.toml ./
RUN useradd --create-home --uid 1000 membership && mkdir var && chown membership var
USER membership
ENV PYTHONUNBUFFERED=1
EXPOSE 8000
CMD ["sh", "-c", "python -m membership db upgrade && exec python -m membership serve --host 0.0.0.0"]
