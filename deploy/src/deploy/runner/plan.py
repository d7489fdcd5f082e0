"""What runs: each part's command, address and environment. A variable that is already set always wins."""

import json
import os
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path

from deploy.payment_sandbox.keys import create_key_set

GATEWAY, CATALOG, ORDERS, LOGISTICS, ANALYTICS, SANDBOX = range(6)  # each part's port is the first port plus this
FEEDS = {
    "catalog": ("orders", "logistics"),
    "orders": ("catalog", "logistics"),
    "logistics": ("orders", "catalog"),
    "analytics": ("catalog", "orders", "logistics"),
    "gateway": ("catalog", "orders", "logistics"),
}
PORTS = {"gateway": GATEWAY, "catalog": CATALOG, "orders": ORDERS, "logistics": LOGISTICS, "analytics": ANALYTICS}


@dataclass(frozen=True)
class Part:
    """One process of the suite."""

    name: str
    command: tuple[str, ...]
    port: int
    health: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


_SECRETS = ("events_token", "logistics_key", "worker_secret", "household_secret", "sealing_key", "claim_code_key")


def kept_secrets(state: Path) -> dict[str, str]:
    """The secrets of this installation, each made once and readable by their owner only."""
    path = state / "secrets.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if missing := [name for name in _SECRETS if name not in kept]:
        state.mkdir(parents=True, exist_ok=True)
        kept |= {name: secrets.token_urlsafe(32) for name in missing}
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(kept))
        draft.chmod(0o600)
        draft.rename(path)
    return kept


def database_url(server_url: str, name: str) -> str:
    """The URL of one service's database on a server."""
    head, _, query = server_url.partition("?")
    scheme, _, rest = head.partition("://")
    host = rest.partition("/")[0]
    return f"{scheme}://{host}/zhunong_{name}" + (f"?{query}" if query else "")


def make_plan(*, state: Path, first_port: int, server_url: str) -> list[Part]:
    """The six parts, in the order in which they are started."""
    hidden = kept_secrets(state)
    keys = create_key_set(state / "payment_sandbox" / "keys")
    urls = {name: f"http://127.0.0.1:{first_port + offset}" for name, offset in PORTS.items()}
    sandbox_url = f"http://127.0.0.1:{first_port + SANDBOX}"
    own: dict[str, dict[str, str]] = {
        "catalog": {"WORKER_SECRET": hidden["worker_secret"], "HOUSEHOLD_SECRET": hidden["household_secret"]},
        "orders": {
            "CLAIM_CODE_KEY": hidden["claim_code_key"],
            "PAYMENT_SANDBOX_URL": sandbox_url,
            "PAYMENT_SANDBOX_KEYS": str(keys.merchant),
            "PAYMENT_NOTICE_URL": f"{urls['orders']}/v1/payments/notices",
            "SEALING_KEY": hidden["sealing_key"],
        },
        "logistics": {"SECRETS_KEY": hidden["logistics_key"]},
        "analytics": {"CLICKHOUSE_URL": f"chdb:///{(state / 'clickhouse').absolute()}"},
        "gateway": {
            "MASTER_KEY_FILE": str(state / "gateway-master.key"),
            "UPSTREAMS": json.dumps({name: url for name, url in urls.items() if name != "gateway"}),
            "PUBLIC_URL": urls["gateway"],
            "MAIL_URL": (state / "mail").absolute().as_uri(),
            "ALLOWS_LOCAL_WEBHOOKS": "true",
        },
    }
    parts = [_service(name, urls, own[name], hidden, state, server_url) for name in PORTS]
    sandbox = {
        "PAYMENT_SANDBOX_PORT": str(first_port + SANDBOX),
        "PAYMENT_SANDBOX_STATE_FOLDER": str(state / "payment_sandbox"),
        "PAYMENT_SANDBOX_KEYS_FOLDER": str(keys.provider.parent),
        "PAYMENT_SANDBOX_RETURN_URL": f"{urls['gateway']}/orders/{{attach}}",
    }
    command = (sys.executable, "-m", "deploy.payment_sandbox")
    parts.append(Part("sandbox", command, first_port + SANDBOX, "/health/live", sandbox))
    return parts


def _service(
    name: str, urls: dict[str, str], own: dict[str, str], hidden: dict[str, str], state: Path, server_url: str
) -> Part:
    port = int(urls[name].rpartition(":")[2])
    settings = {
        "DATABASE_URL": database_url(server_url, name),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "JWKS_URL": f"{urls['gateway']}/.well-known/jwks.json",
        "FEEDS": json.dumps({source: urls[source] for source in FEEDS[name]}),
        "EVENTS_TOKEN": hidden["events_token"],
        "FILES_URL": (state / "files" / name).absolute().as_uri(),
        **own,
    }
    environment = {f"{name.upper()}_{key}": value for key, value in settings.items()}
    return Part(name, (sys.executable, "-m", name, "serve", "--migrate"), port, "/health/ready", environment)


def whole_environment(parts: list[Part]) -> dict[str, str]:
    """Every part's settings together, for a loader or a measurement that works beside them."""
    environment: dict[str, str] = {}
    for part in parts:
        environment.update(part.environment)
    return {**environment, **os.environ}
