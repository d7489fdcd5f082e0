"""Somebody in front of a browser: walks through the shop, keeps pictures, and notices what the browser complains of."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

PASSWORD = "zhunong-2026"
AXE = Path("node_modules/axe-core/axe.min.js")
WORDS = {
    "zh": {"search": "香菇", "recipient": "林小美", "detail": "示范路 8 号 3 单元 501", "waiting": "待付款"},
    "en": {"search": "shiitake", "recipient": "Lin Xiaomei", "detail": "8 Demo Road, 501", "waiting": "To pay"},
}


def is_checkout(url: str) -> bool:
    """The page itself, not one that leads back to it (`/sign-up?next=/checkout`)."""
    return urlsplit(url).path == "/checkout"


@dataclass
class Shopper:
    """A window with its habits. `complaints` are errors in the console and refused resources."""

    context: BrowserContext
    page: Page
    base_url: str
    language: str
    width: int
    pictures: Path
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def open(
        cls,
        browser: Browser,
        base_url: str,
        *,
        pictures: Path,
        language: str = "zh",
        width: int = 1280,
        is_dark: bool = False,
        has_script: bool = True,
    ) -> Self:
        """A fresh window: no cookies, the wanted language, size and mode."""
        context = browser.new_context(
            base_url=base_url,
            viewport={"width": width, "height": 844 if width < 600 else 900},
            locale="zh-CN" if language == "zh" else "en-GB",
            timezone_id="Asia/Shanghai",
            color_scheme="dark" if is_dark else "light",
            java_script_enabled=has_script,
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.set_default_timeout(15_000)
        found = cls(context, page, base_url, language, width, pictures)
        page.on("console", found._listen)
        page.on("pageerror", lambda error: found.complaints.append(f"{page.url}: {error}"))
        return found

    def close(self) -> None:
        """Close the window."""
        self.context.close()

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{self.page.url}: {message.text}")

    @property
    def words(self) -> dict[str, str]:
        """What this person types and looks for."""
        return WORDS[self.language]

    def go(self, path: str) -> None:
        """Open an address of the shop."""
        self.page.goto(path)
        self.page.wait_for_load_state("networkidle")

    def keep_picture(self, name: str) -> None:
        """A picture of the whole page; and the page must not be wider than the window."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=self.pictures / f"{name}-{self.language}-{self.width}.png", full_page=True)
        if self.page.evaluate("() => true"):
            wide = self.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= self.width, f"{self.page.url} is {wide} pixels wide in a window of {self.width}"

    def keep_both(self, name: str) -> None:
        """A picture as on a phone and one as on a desk, and the window as it was."""
        own, size = self.width, self.page.viewport_size
        assert size is not None
        for width in (390, 1280):
            self.width = width
            self.page.set_viewport_size({"width": width, "height": size["height"]})
            self.keep_picture(name)
        self.width = own
        self.page.set_viewport_size(size)

    def sign_in(self, email: str, going: str = "/") -> None:
        """By the form, and on to where the address leads."""
        self.go(f"/sign-in?next={going}")
        self.page.fill("#identifier", email)
        self.page.fill("#password", PASSWORD)
        self.page.click("main form button")
        expect(self.page).not_to_have_url(f"{self.base_url}/sign-in?next={going}")
        self.page.wait_for_load_state("networkidle")

    def sign_up(self) -> None:
        """A new account, by the link of the sign-in page or by its address: nobody else's cart is in the way."""
        if "/sign-in" in self.page.url:
            self.page.click("main a[href^='/sign-up']")
        else:
            self.go("/sign-up")
        self.page.fill("#display_name", self.words["recipient"])
        self.page.fill("#email", f"{uuid4().hex}@example.com")
        self.page.fill("#password", PASSWORD)
        self.page.click("main form button")
        self.page.wait_for_url(lambda url: "/sign-up" not in url and "/welcome" not in url)

    def product_links(self) -> list[str]:
        """The addresses of the products on the page, one for each supplier's county."""
        cards = self.page.locator(".card")
        seen: dict[str, str] = {}
        for place in range(cards.count()):
            card = cards.nth(place)
            seen.setdefault(
                card.locator(".card-origin span").first.inner_text(), card.locator("a").get_attribute("href") or ""
            )
        return list(seen.values())

    def fill_in_address(self) -> None:
        """The delivery address, region by region."""
        page = self.page
        page.fill("#recipient", self.words["recipient"])
        page.fill("#phone", "13800000000")
        page.select_option("#province", "130000")
        page.locator('#city option[value="130600"]').wait_for(state="attached")
        page.select_option("#city", "130600")
        page.locator('#county option[value="130624"]').wait_for(state="attached")
        page.select_option("#county", "130624")
        expect(page.locator("#county")).to_have_value("130624")
        page.fill("#detail", self.words["detail"])

    def pay_at_the_cashier(self) -> str:
        """Open the provider's page beside this one and pay; the address of the order."""
        order = self.page.url.removesuffix("/pay")
        cashier = self.context.new_page()
        cashier.goto(self.page.locator(".pay .button-main").get_attribute("href") or "")
        cashier.locator("button").first.click()
        cashier.wait_for_load_state("networkidle")
        cashier.close()
        return order

    def accessibility_faults(self) -> list[dict[str, Any]]:
        """What axe finds, each with the place. Evaluated by the debugger, so that the page's policy stays as it is."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate(
            "axe.run(document, {resultTypes: ['violations'],"
            " runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        )
        return [
            {"id": each["id"], "url": self.page.url, "nodes": [node["html"][:160] for node in each["nodes"]][:4]}
            for each in found["violations"]
        ]

    def ensure_accessible(self) -> None:
        """Axe finds nothing."""
        faults = self.accessibility_faults()
        assert faults == [], json.dumps(faults, ensure_ascii=False, indent=1)
