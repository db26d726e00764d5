"""The desk in a browser: a queue worked through by keys, both sides of what differs, colleagues, and what comes in."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from playwright.async_api import Page, expect

from synthetic import records
from synthetic.caller import Caller
from testkit.patience import PATIENCE
from tests.browser.visitor import DESK, Visitors, survey
from tests.end_to_end.town import Town
from tests.journeys import desk, portal, scans
from tests.journeys.desk import Queued
from tests.journeys.waiting import until
from tests.load.forms import form_for

PERMIT = "residence-permit"


async def _applied(town: Town, held: str = "") -> tuple[Caller, str]:
    """Have a newcomer apply for a permit with everything going to people; `held` is what is held of the address."""
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    form = form_for(PERMIT, made, town.today)
    if held:
        kept = records.property_certificate(made.head, f"YUE{made.head.number[-8:]}", held)
        await town.tell(*(replace(each, keeper="city") for each in records.named((kept,), made.head.number[-8:])))
        await until(
            lambda: portal.explain(resident, PERMIT), lambda it: it.need("housing") == "held", what="the record"
        )
    application = await portal.draft(resident, PERMIT, form)
    await portal.hand_in(resident, application, "work", "social-insurance-record", scans.png())
    await portal.submit(resident, application)
    return resident, application


async def _task(worker: Caller, application: str, requirement: str = "work") -> Queued:
    queue = await until(
        lambda: desk.queue(worker, application_id=application),
        lambda it: any(each.requirement == requirement for each in it.items),
        what="a task",
    )
    return next(each for each in queue.items if each.requirement == requirement)


def _of_insurance(town: Town, subject: str = "si-7") -> Caller:
    return town.worker("reviewer", subject, department="social-insurance")


async def _keys(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def test_a_review_takes_three_keys_and_leads_to_the_next_one(town: Town, visitors: Visitors) -> None:
    tasks = [await _task(_of_insurance(town), (await _applied(town))[1]) for _ in range(2)]
    visitor = await visitors.come(size=DESK)
    await visitor.sign_in(subject="reviewer-fan", then="/desk/")
    await expect(visitor.page.get_by_role("heading", level=1)).to_have_text("任务队列")
    await visitor.picture("desk-queues")
    await expect(visitor.page.locator("[data-keys]")).to_be_visible()
    await visitor.page.keyboard.press("n")
    await visitor.page.wait_for_url("**/desk/tasks/task_*")
    await expect(visitor.page.locator("[data-keys]")).to_be_visible()
    first = visitor.page.url.split("/")[-1].split("?")[0]
    await _keys(visitor.page, "a", "1")
    await visitor.picture("desk-task")
    await visitor.page.keyboard.press("Enter")
    await visitor.page.wait_for_url("**done=approval**")
    assert first not in visitor.page.url
    done = await desk.read(_of_insurance(town), first)
    assert done.status.code == "approved"
    second = visitor.page.url.split("/")[-1].split("?")[0]
    assert {first, second} & {each.task_id for each in tasks}

    await expect(visitor.page.locator("[data-keys]")).to_be_visible()
    await _keys(visitor.page, "x", "3", "Enter")
    await visitor.page.wait_for_url("**done=rejection**")
    await expect(visitor.page.get_by_role("alert")).to_contain_text("已作不通过处理")


async def test_what_differs_is_marked_to_the_character_and_a_return_is_read_by_the_resident(
    town: Town, visitors: Visitors
) -> None:
    resident, application = await _applied(town, held="深圳市龙华区民治街道梅陇镇花园3栋1201")
    task = await _task(town.worker("operator", "operator-7"), application, "housing")
    visitor = await visitors.come(size=DESK)
    await visitor.sign_in(subject="reviewer-luo", then=f"/desk/tasks/{task.task_id}")
    await expect(visitor.page.locator("[data-keys]")).to_be_visible()
    await expect(visitor.page.locator("mark")).to_have_count(0)
    await visitor.page.keyboard.press("c")
    await expect(visitor.page.locator("mark").first).to_be_visible()
    await visitor.picture("desk-sides")
    assert await survey(visitor, [f"/desk/tasks/{task.task_id}"]) == {}

    await visitor.page.set_viewport_size(DESK)
    await visitor.go(f"/desk/tasks/{task.task_id}")
    await expect(visitor.page.locator("[data-keys]")).to_be_visible()
    await visitor.page.keyboard.press("r")
    await visitor.page.locator("details[open] button[value=list]").click()
    await expect(visitor.page.get_by_role("alert")).to_be_visible()
    await expect(visitor.page).to_have_title(re.compile("^(错误|Error)"))
    await visitor.page.locator("input[value=value-not-as-in-document]").check()
    await visitor.page.locator("#field").select_option(index=1)
    await visitor.page.fill("#return-text", "<b>3栋</b>")
    await visitor.page.locator("details[open] button[value=list]").click()
    await visitor.page.wait_for_url("**done=return**")
    seen = await until(lambda: portal.see(resident, application), lambda it: it.state == "returned", what="the return")
    assert any("<b>3栋</b>" in now.text for now in seen.now)


async def test_scans_are_turned_and_enlarged(town: Town, visitors: Visitors) -> None:
    _, application = await _applied(town)
    task = await _task(_of_insurance(town), application)
    visitor = await visitors.come(scripts=False, language="en")
    await visitor.sign_in(subject="reviewer-fan", then=f"/desk/tasks/{task.task_id}")
    await visitor.page.get_by_role("button", name="Take this task").click()
    scan = visitor.page.get_by_role("link", name="Scan 1")
    await expect(scan).to_be_visible()
    path = str(await scan.get_attribute("href"))
    await visitor.go(path)
    await visitor.page.get_by_role("link", name="Turn right").click()
    await visitor.page.get_by_role("link", name="200 %").click()
    picture = visitor.page.get_by_role("img", name="Scan of")
    await expect(picture).to_have_class("y-scan__picture y-turn-90 y-zoom-200")
    await visitor.page.wait_for_load_state()
    assert await picture.evaluate("it => it.complete && it.naturalWidth > 0") is True
    await visitor.picture("desk-scan")
    await visitor.go(f"/desk/tasks/{task.task_id}")
    await visitor.page.locator("summary", has_text="Approve").click()
    await visitor.page.locator("input[value=paid-elsewhere]").check()
    await visitor.page.get_by_role("button", name="Only this one").first.click()
    await expect(visitor.page.get_by_role("alert")).to_contain_text("Approved.")


async def test_a_colleague_s_tasks_are_taken_over_with_a_reason(town: Town, visitors: Visitors) -> None:
    ill = _of_insurance(town, "si-ill")
    task = await _task(ill, (await _applied(town))[1])
    await desk.claim(ill, task.task_id)
    visitor = await visitors.come(size=DESK)
    await visitor.sign_in(subject="reviewer-fan", then="/desk/takeovers?of=si-ill")
    await visitor.page.get_by_role("button", name="全部接办").click()
    await expect(visitor.page.get_by_role("alert")).to_be_visible()
    await visitor.page.fill("#reason", "同事请病假")
    await visitor.picture("desk-takeover")
    await visitor.page.get_by_role("button", name="全部接办").click()
    await expect(visitor.page.get_by_role("heading", level=1)).to_have_text("已接办同事（工号si-ill）的1件任务")
    taken = await desk.read(ill, task.task_id)
    assert taken.claimed_by == "reviewer-fan"


async def test_what_comes_in_is_told_while_the_page_is_open(town: Town, visitors: Visitors) -> None:
    visitor = await visitors.come(size=DESK)
    await visitor.sign_in(subject="reviewer-fan", then="/desk/")
    await expect(visitor.page.locator("[data-live]")).to_be_visible()
    _, application = await _applied(town)
    task = await _task(_of_insurance(town), application)
    news = visitor.page.locator(f"[data-live-list] a[href='/desk/tasks/{task.task_id}']")
    await expect(news).to_contain_text("新任务：材料复核（社保记录）")
    await visitor.picture("desk-news")
    await visitor.page.goto("about:blank")


async def test_a_task_that_is_withdrawn_under_the_reader_s_eyes_says_so(town: Town, visitors: Visitors) -> None:
    resident, application = await _applied(town)
    task = await _task(_of_insurance(town), application)
    visitor = await visitors.come(size=DESK)
    await visitor.sign_in(subject="reviewer-fan", then=f"/desk/tasks/{task.task_id}")
    await visitor.page.get_by_role("button", name="认领此任务").click()
    await expect(visitor.page.get_by_role("heading", name="作出决定")).to_be_visible()
    news = visitor.page.locator("[data-live-task]")
    await expect(news).to_be_hidden()
    await portal.withdraw(resident, application, "不办了")
    reading = partial(desk.read, _of_insurance(town), task.task_id)
    await until(reading, lambda it: it.status.code == "cancelled", what="the task is cancelled")
    await expect(news).to_contain_text("任务已取消：材料复核（社保记录）", timeout=PATIENCE * 1000)
    await visitor.page.goto("about:blank")


async def test_a_filter_is_kept_and_forgotten(visitors: Visitors) -> None:
    visitor = await visitors.come(size=DESK, language="en")
    await visitor.sign_in(subject="reviewer-fan", then="/desk/tasks?overdue=true")
    await visitor.page.fill("#name", "Late <ones>")
    await visitor.page.get_by_role("button", name="Save the filter").click()
    await visitor.go("/desk/")
    kept = visitor.page.get_by_role("link", name="Late <ones>")
    assert await kept.get_attribute("href") == "/desk/tasks?overdue=true"
    await visitor.page.get_by_role("button", name="Remove Late <ones>").click()
    await expect(kept).to_have_count(0)


async def test_every_page_of_the_desk_is_for_everybody(town: Town, visitors: Visitors) -> None:
    task = await _task(_of_insurance(town), (await _applied(town))[1])
    visitor = await visitors.come()
    await visitor.sign_in(subject="reviewer-fan", then=f"/desk/tasks/{task.task_id}")
    pages = ["/desk/", "/desk/tasks", "/desk/tasks?overdue=true", f"/desk/tasks/{task.task_id}", "/desk/takeovers?of=x"]
    assert await survey(visitor, pages) == {}
