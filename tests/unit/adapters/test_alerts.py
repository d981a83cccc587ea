from __future__ import annotations

import hashlib
import hmac
import logging
import smtplib
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from forecastops.adapters.alerts.channels import AlertError, Message, channels
from forecastops.adapters.alerts.config import AlertsConfig
from receivers import Mailbox, Webhook, mailbox, webhook

pytest.importorskip("standin", reason="the certificates are those of the stand-in")
from standin.certificates import server_context, write_certificates

MESSAGE = Message(
    "sales: something has moved",
    ("Retrain: <!channel> & *level* since 2014-01-01", "Level: values lie above"),
    {"event": "moved", "model": "sales", "signals": [{"name": "level", "value": 5.25}]},
)
SECRET = "very-secret-path"


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook() as found:
        monkeypatch.setenv("FORECASTOPS_WEBHOOK", found.url)
        yield found


def send(**settings: object) -> None:
    (channel,) = channels(AlertsConfig.model_validate(settings))
    channel.send(MESSAGE)


def test_nobody_is_told_unless_configured() -> None:
    assert channels(AlertsConfig()) == ()


def test_slack_gets_text_in_which_nothing_is_a_mention(hook: Webhook) -> None:
    send(webhook="slack")
    (post,) = hook.posts
    assert post.headers["Content-Type"].startswith("application/json")
    assert list(post.document) == ["text"]
    assert post.document["text"].startswith("sales: something has moved\n- Retrain: &lt;!channel&gt; &amp; ")


def test_teams_gets_a_card(hook: Webhook) -> None:
    send(webhook="teams")
    document = hook.posts[0].document
    (attachment,) = document["attachments"]
    assert (document["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    texts = [block["text"] for block in attachment["content"]["body"]]
    assert texts[0] == "sales: something has moved"
    assert "\\<!channel\\>" in texts[1]


def test_the_generic_body_is_signed_over_its_time(hook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECASTOPS_WEBHOOK_KEY", "a key")
    send(webhook="generic")
    (post,) = hook.posts
    assert post.document == MESSAGE.document
    stamp = post.headers["X-Forecastops-Timestamp"]
    assert abs(time.time() - int(stamp)) < 60
    expected = hmac.new(b"a key", stamp.encode() + b"." + post.body, hashlib.sha256).hexdigest()
    assert post.headers["X-Forecastops-Signature"] == f"sha256={expected}"
    monkeypatch.delenv("FORECASTOPS_WEBHOOK_KEY")
    send(webhook="generic")
    assert "X-Forecastops-Signature" not in hook.posts[1].headers


def test_a_busy_server_is_asked_again(hook: Webhook) -> None:
    hook.answers = [503, 429]
    send(webhook="slack")
    assert len(hook.posts) == 3
    assert len({post.body for post in hook.posts}) == 1


def test_a_refusal_is_final_and_names_no_address(hook: Webhook, caplog: pytest.LogCaptureFixture) -> None:
    hook.answers = [404]
    with caplog.at_level(logging.DEBUG), pytest.raises(AlertError, match="answers with status 404") as raised:
        send(webhook="slack")
    assert len(hook.posts) == 1
    assert SECRET not in str(raised.value) + caplog.text


def test_the_address_is_in_no_log_however_talkative(hook: Webhook, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        send(webhook="slack")
    assert hook.posts
    assert SECRET not in caplog.text
    assert not logging.getLogger("urllib3.connectionpool").disabled


def test_a_redirect_is_not_followed(hook: Webhook) -> None:
    with webhook() as other:
        hook.answers, hook.location = [307], other.url
        with pytest.raises(AlertError, match=r"redirect \(307\), which is not followed"):
            send(webhook="slack")
        assert other.posts == []


def test_the_time_is_limited_whatever_the_server_does(hook: Webhook) -> None:
    ended = threading.Event()
    hook.wait = lambda: ended.wait(300)
    began = time.monotonic()
    try:
        with pytest.raises(AlertError, match="webhook"):
            send(webhook="slack", seconds=0.5)
    finally:
        ended.set()
    assert time.monotonic() - began < 100


def test_a_server_that_is_gone_is_said_without_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook() as gone:
        monkeypatch.setenv("FORECASTOPS_WEBHOOK", gone.url)
    with pytest.raises(AlertError, match="cannot be reached") as raised:
        send(webhook="slack", seconds=1)
    assert SECRET not in str(raised.value)
    assert "127.0.0.1" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "FORECASTOPS_WEBHOOK is not set"),
        ("very-secret-path", "holds is none"),
        ("ftp://hooks.example.org/very-secret-path", "holds is none"),
        ("http://hooks.example.org/very-secret-path", "unencrypted"),
        ("https://[very-secret-path/", "holds is none"),
    ],
)
def test_an_address_that_cannot_be_used_is_not_shown(address: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECASTOPS_WEBHOOK", address)
    with pytest.raises(AlertError, match=said) as raised:
        send(webhook="slack")
    assert SECRET not in str(raised.value)


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    monkeypatch.setenv("SSL_CERT_FILE", str(write_certificates(tmp_path)))
    with mailbox(server_context(tmp_path)) as found:
        yield found


MAIL = {"email_to": ["ada@example.org", "grace@example.org"], "email_from": "ops@example.org"}


def test_an_e_mail_is_sent_encrypted_with_a_login(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECASTOPS_SMTP_PASSWORD", "hush")
    send(**MAIL, smtp_host="localhost", smtp_port=box.port, smtp_user="ops")
    (mail,) = box.mails
    assert mail["Subject"] == "sales: something has moved"
    assert mail["To"] == "ada@example.org, grace@example.org"
    assert box.recipients == ["ada@example.org", "grace@example.org"]
    assert "Level: values lie above" in str(mail.get_payload())
    assert (box.logins, box.encrypted) == ([("ops", "hush")], [True])


def test_a_refused_login_shows_no_password(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECASTOPS_SMTP_PASSWORD", "hush")
    box.refuses_login = True
    with pytest.raises(AlertError, match=r"the login was refused \(535\)") as raised:
        send(**MAIL, smtp_host="localhost", smtp_port=box.port, smtp_user="ops")
    assert "hush" not in str(raised.value)
    assert box.mails == []


def test_a_certificate_of_nobody_known_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", ssl.get_default_verify_paths().openssl_cafile)
    with mailbox(server_context(tmp_path)) as box:
        with pytest.raises(AlertError, match="CERTIFICATE_VERIFY_FAILED"):
            send(**MAIL, smtp_host="localhost", smtp_port=box.port)
        assert box.mails == []


def test_a_server_without_encryption_gets_nothing_unless_asked() -> None:
    with mailbox(None) as box:
        with pytest.raises(AlertError, match="STARTTLS"):
            send(**MAIL, smtp_host="127.0.0.1", smtp_port=box.port)
        assert box.mails == []
        send(**MAIL, smtp_host="127.0.0.1", smtp_port=box.port, smtp_starttls=False)
        assert len(box.mails) == 1


def test_a_missing_password_and_a_server_that_is_gone_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORECASTOPS_SMTP_PASSWORD", raising=False)
    with mailbox(None) as box:
        port = box.port
    with pytest.raises(AlertError, match="has no password"):
        send(**MAIL, smtp_host="127.0.0.1", smtp_port=port, smtp_user="ops")
    with pytest.raises(AlertError, match="was not sent"):
        send(**MAIL, smtp_host="127.0.0.1", smtp_port=port, smtp_starttls=False)
    assert issubclass(smtplib.SMTPException, OSError)


@pytest.mark.parametrize(
    "settings",
    [
        {"email_to": ["ada@example.org"]},
        {"email_to": ["ada@example.org\nBcc: eve@example.org"], "email_from": "o@example.org", "smtp_host": "h"},
        {**MAIL, "smtp_host": "h", "smtp_user": "ops", "smtp_starttls": False},
        {"webhook": "pager"},
        {"webhook_variable": "NOT A NAME"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AlertsConfig.model_validate(settings)
