"""The operators' pages over HTTP: what they show, refuse and mask, and that what strangers sent stays text."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from services.operations.tests.stage import BEN, CASE, DOCUMENT, Stage, Visitor, awaited, form_of

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>'\"{{7*7}}"
PERSONAL = "李小龙"


async def test_what_a_stranger_sent_stays_text(stage: Stage) -> None:
    await stage.publish(DOCUMENT, case=HOSTILE, requirement=HOSTILE)
    await stage.publish_raw(HOSTILE.encode(), DOCUMENT)
    broken = await stage.failure("not-json")
    failed = await stage.failure("handler-failed")
    async with stage.visitor() as visitor:
        pages = [
            f"/operations/failures/{failed}",
            f"/operations/failures/{broken}",
            "/operations/search",
            "/operations/",
        ]
        texts = [(await visitor.get(page)).text for page in pages]
        shown = await visitor.send(pages[1], f"{pages[1]}/disclosures", reason="INC-1")
        texts += [shown.text, (await visitor.get(f"/operations/search?text={HOSTILE}")).text]
        for text in texts:
            assert "<script>alert" not in text
            assert "<img src=x" not in text
            assert "49" not in re.findall(r"'\"(\w+)", text)
        assert "&lt;script&gt;alert(1)" in shown.text


async def test_personal_data_is_masked_until_an_operator_says_why_and_that_is_recorded(stage: Stage) -> None:
    await stage.publish(DOCUMENT)
    failure = await stage.failure("handler-failed")
    page = f"/operations/failures/{failure}"
    async with stage.visitor() as visitor:
        masked = (await visitor.get(page)).text
        assert PERSONAL not in masked
        assert '<mark title="Personal: masked">•••</mark>' in masked
        assert "school-enrolment" in masked

        silent = await visitor.send(page, f"{page}/disclosures", reason=" ")
        assert silent.status_code == 422
        assert PERSONAL not in silent.text
        assert 'role="alert"' in silent.text

        clear = await visitor.send(page, f"{page}/disclosures", reason="INC-4711")
        assert f'<mark class="shown" title="Personal: shown in clear now">&#34;{PERSONAL}&#34;</mark>' in clear.text
        assert clear.headers["cache-control"] == "no-store"
        assert "INC-4711" in (await visitor.get("/operations/audit?action=failure-disclosed")).text
        assert PERSONAL not in (await visitor.get(page)).text


async def test_every_page_keeps_to_itself(stage: Stage) -> None:
    await stage.publish(DOCUMENT)
    failure = await stage.failure("handler-failed")
    async with stage.visitor() as visitor:
        for path in ["/operations/", f"/operations/failures/{failure}", "/operations/nowhere", "/operations/sign-in"]:
            answer = await visitor.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-frame-options"] == "DENY"
            assert not re.search(r"<script>|style=|onclick=|(src|href)=\"(https?:)?//", answer.text)
            assert len(re.findall("<h1", answer.text)) <= 1


async def test_what_is_not_there_is_said_on_a_page(stage: Stage) -> None:
    async with stage.visitor() as visitor:
        for path in [
            "failures/f1",
            "groups/g1",
            "replays/r1",
            "edits/e1",
            "trails/none",
            "nowhere",
            "failures/f1/edit",
        ]:
            answer = await visitor.get(f"/operations/{path}")
            assert (answer.status_code, 'role="alert"' in answer.text) == (404, True), path
            assert "接口" not in answer.text, path  # a page, not the interface's description, is what people look for
            assert "Traceback" not in answer.text
        refused = await visitor.get("/operations/search?since=yesterday")
        assert (refused.status_code, "/operations/selection" in refused.text) == (422, False)
        assert (await visitor.get("/operations/search?after=zz")).status_code == 422
        assert (await visitor.client.get("/operations/static/0/operations.css")).status_code == 404


async def test_an_edit_is_checked_at_its_places_and_decided_by_somebody_else(stage: Stage) -> None:
    stage.matcher.is_broken = False
    await stage.publish(DOCUMENT, attempt="two")
    failure = await stage.failure("wrong-schema")
    editor = f"/operations/failures/{failure}/edit"
    async with stage.visitor() as ann, stage.visitor(BEN) as ben:
        data = json.loads(await _content(ann, editor))
        assert data["documents"][0]["claims"]["child_name"] == "•••"
        wrong = await ann.send(editor, editor, content=json.dumps(data), act="preview")
        assert wrong.status_code == 422
        assert "<code>/data/documents/0/attempt</code>" in wrong.text
        broken = await ann.send(editor, editor, content="{", act="preview")
        assert (broken.status_code, "line 1" in broken.text) == (422, True)

        right = _with_attempt(data, 2)
        preview = await ann.send(editor, editor, content=right, act="preview")
        assert "meets the schema" in preview.text
        silent = await ann.send(editor, editor, content=right, act="propose", reason="")
        assert silent.status_code == 422
        proposed = await ann.send(editor, editor, content=right, act="propose", reason="INC-1")
        edit = proposed.headers["location"].partition("?")[0]

        assert "your own proposal" in (await ann.get(edit)).text
        form = form_of((await ben.get(edit)).text, f"{edit}/approval")
        own = form_of((await ann.get(edit)).text, f"{edit}/withdrawal")
        same = await ann.client.post(f"{edit}/approval", data=own)
        assert (same.status_code, 'role="alert"' in same.text) == (403, True)
        approved = await ben.client.post(f"{edit}/approval", data=form)
        assert approved.headers["location"].startswith("/operations/replays/")


async def test_one_edit_is_previewed_proposed_and_approved_for_a_whole_group(stage: Stage) -> None:
    stage.matcher.is_broken = False
    for attempt in ([2], [3], [2, 3]):
        await stage.publish(DOCUMENT, attempt=attempt)
    failure = await stage.failure("wrong-schema")
    editor = f"/operations/failures/{failure}/edit"

    async def all_there() -> str | None:
        page = (await ann.get(editor)).text
        return page if "all 3 open ones" in page else None

    async with stage.visitor() as ann, stage.visitor(BEN) as ben:
        await awaited(all_there)
        data = json.loads(await _content(ann, editor))
        right = _with_attempt(data, data["documents"][0]["attempt"][0])
        asked = {"content": right, "which": "group"}
        preview = (await ann.send(editor, editor, act="preview", **asked)).text
        if len(data["documents"][0]["attempt"]) == 1:
            assert "takes the only member out of the list at /data/documents/0/attempt" in preview
        assert 'value="group" checked' in preview
        proposed = await ann.send(editor, editor, act="propose", reason="INC-1", **asked)
        edit = proposed.headers["location"].partition("?")[0]
        page = (await ben.get(edit)).text
        assert "left as they are" in page
        assert "/data/documents/0/attempt" in page
        approved = await ben.send(edit, f"{edit}/approval")
        replay = approved.headers["location"].partition("?")[0]

        async def done() -> str | None:
            page = (await ben.get(edit)).text
            return page if 'data-state="done"' in page else None

        assert f'href="{replay}"' in await awaited(done)


async def test_an_edit_that_failed_again_leads_to_the_new_failure(stage: Stage) -> None:
    event = await stage.publish(DOCUMENT, attempt="two")
    failure = await stage.failure("wrong-schema", event)
    editor = f"/operations/failures/{failure}/edit"
    async with stage.visitor() as ann, stage.visitor(BEN) as ben:
        right = _with_attempt(json.loads(await _content(ann, editor)), 2)
        proposed = await ann.send(editor, editor, content=right, act="propose", reason="INC-1")
        edit = proposed.headers["location"].partition("?")[0]
        await ben.send(edit, f"{edit}/approval")

        async def failed() -> str | None:
            page = (await ben.get(edit)).text
            return page if 'data-state="failed"' in page else None

        page = await awaited(failed)
        assert 'tag good"' not in page
        (new,) = re.findall(r'href="(/operations/failures/\w+)">See the new failure', page)
        assert new != f"/operations/failures/{failure}"
        assert "The handler failed" in (await ben.get(new)).text
        original = (await ben.get(f"/operations/failures/{failure}")).text
        assert f'href="{new}"' in original
        assert 'notice good"' not in original


async def test_a_failure_says_its_cause_first_where_it_is_and_what_to_do(stage: Stage) -> None:
    stage.matcher.is_broken = False
    cause = await stage.publish("applications.application-submitted.v1")
    broken = await stage.publish(DOCUMENT, cause=cause, attempt="two", kind_of="unknown")
    other = await stage.publish(DOCUMENT, cause=cause, requirement=5)
    await stage.publish_raw(b'{"specversion": "1.0",\n "id": ', DOCUMENT)
    failure, sibling = await stage.failure("wrong-schema", broken), await stage.failure("wrong-schema", other)
    text = await stage.failure("not-json")
    async with stage.visitor(language="zh-CN") as ann:
        page = (await ann.get(f"/operations/failures/{failure}")).text
        assert page.index("消息内容不符合该事件的约定。") < page.index('<pre class="body"')
        assert re.search(r'class="fault" id="at%2Fdata%2Fdocuments%2F0%2Fattempt"><span class="key">.*← 应为整数', page)
        assert "约定中没有 kind_of" in page
        first, as_it_is = page.index(f"/operations/failures/{failure}/edit"), page.index("原样重放</summary>")
        assert first < as_it_is
        assert "除非服务已更改，原样重放必定再次失败。" in page
        assert f'href="/operations/failures/{sibling}"' in page
        assert "起因相同" in page
        unread = (await ann.get(f"/operations/failures/{text}")).text
        assert "第 2 行第 8 列起无法解析。" in unread
        shown = await ann.send(
            f"/operations/failures/{text}", f"/operations/failures/{text}/disclosures", reason="INC-1"
        )
        assert re.search(r'class="fault" id="at"> &#34;id&#34;: <span class="why">', shown.text)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_every_page_speaks_both_languages(stage: Stage, language: str) -> None:
    await stage.publish(DOCUMENT)
    failure = await stage.failure("handler-failed")
    async with stage.visitor(language=language) as visitor:
        page = f"/operations/failures/{failure}"
        group = re.findall(r"/operations/groups/\w+", (await visitor.get(page)).text)[0]
        prepared = await visitor.send(page, f"{page}/replay", reason="INC-1")
        replay = prepared.headers["location"]
        paths = [
            "",
            "search",
            "replays",
            "redelivery",
            "edits",
            "trails",
            f"trails/{CASE}",
            f"pictures/{CASE}",
            "audit",
        ]
        for path in [group, page, f"{page}/edit", replay, *(f"/operations/{path}" for path in paths)]:
            answer = await visitor.get(path)
            assert answer.status_code == 200, (path, answer.text)
            assert answer.headers.get("content-language", language) == language
        switched = await visitor.send(page, "/operations/language", language="en" if language == "zh-CN" else "zh-CN")
        assert (await visitor.follow(switched)).headers["content-language"] != language


async def test_the_record_is_taken_out_as_lines_and_as_a_table(stage: Stage) -> None:
    await stage.publish(DOCUMENT)
    failure = await stage.failure("handler-failed")
    async with stage.visitor() as visitor:
        page = f"/operations/failures/{failure}"
        await visitor.send(page, f"{page}/discard", reason="=cmd()")
        lines = (await visitor.get("/operations/audit.jsonl")).text.splitlines()
        assert [json.loads(line)["action"] for line in lines] == ["failure-discarded"]
        table = await visitor.get("/operations/audit.csv?by=op-ann")
        assert "'=cmd()" in table.text
        assert "chain of 1 entries is whole" in (await visitor.get("/operations/audit")).text
        restored = await visitor.send(page, f"{page}/restore", reason="")
        assert "Open again." in (await visitor.follow(restored)).text


def _with_attempt(data: dict[str, Any], attempt: int) -> str:
    """Return the content of an edit that says another attempt of the first document."""
    first, *others = data["documents"]
    return json.dumps(data | {"documents": [first | {"attempt": attempt}, *others]})


async def _content(visitor: Visitor, editor: str) -> str:
    found = re.search(r'<textarea class="code".*?>\n(.*?)</textarea>', (await visitor.get(editor)).text, re.DOTALL)
    assert found
    return html.unescape(found[1])
