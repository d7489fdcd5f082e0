"""Run the sandbox: ``python -m deploy.payment_sandbox``. Settings: `SandboxSettings`."""

import uvicorn

from deploy.payment_sandbox.app import create_app
from deploy.payment_sandbox.settings import SandboxSettings


def main() -> None:
    """Serve until the process is told to stop."""
    settings = SandboxSettings()
    print(f"沙箱收银台 payment sandbox: {settings.base_url} (no real money)", flush=True)
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
