"""From a complaint that is not ours to the right venue; and another that is ours after all."""

from __future__ import annotations

from .teller import Person, Teller


def play(tell: Teller) -> None:
    """Play it. What does not hold is in `tell.failures`; raises Broken when it cannot go on."""
    wren, juniper, sorrel = map(tell.person, ("wren", "juniper", "sorrel"))
    reference = _arrives(tell, wren)
    tell.refused(sorrel, sorrel.get(f"/cases/{reference}"), 404, "has no grant and asks for the case")
    _is_answered(tell, wren, reference)
    _is_referred(tell, wren, juniper)


def _arrives(tell: Teller, wren: Person) -> str:
    tell.says("An editor", "writes to ca@ that two people undo everything")
    tell.send_mail("triage", "ca")
    reference = tell.wait(lambda: _find(wren, tell.mark), "a case is there")
    tell.holds(reference.startswith("TR-"), f"it waits to be sorted: {reference}")
    return reference


def _is_answered(tell: Teller, wren: Person, reference: str) -> None:
    tell.done(
        wren,
        wren.step(reference, "sort", category="one_wiki", wiki="wiki.example", language="en"),
        "sorts it: conduct on one wiki",
    )
    form = {step["name"]: step for step in wren.get(f"/cases/{reference}/steps").body["items"]}
    listed = _choices(form["answer_with_venue"]["form"]["properties"]["venues"])
    offered = [value for value in dict.fromkeys(listed) if value]
    tell.holds(offered, f"the directory offers {len(offered)} venues for this wiki and this kind of matter")
    tell.done(
        wren, wren.step(reference, "answer_with_venue", venues=offered[:2]), "answers with the right venue"
    )
    case = wren.get(f"/cases/{reference}").body
    tell.holds(case["state"] == "answered", "the case waits for the reporter")

    def confirmed() -> bool:
        effects = wren.get(f"/cases/{reference}").body["effects"]
        return bool(effects) and all(effect["state"] == "confirmed" for effect in effects)

    tell.wait(confirmed, "the answer has its receipt")
    tell.done(wren, wren.step(reference, "close"), "closes the case")


def _is_referred(tell: Teller, wren: Person, juniper: Person) -> None:
    tell.mark = f"{tell.mark}-two"
    tell.says("Another one", "writes to ca@, and it is an emergency")
    tell.send_mail("triage", "ca")
    reference = tell.wait(lambda: _find(wren, tell.mark), "a case is there")
    tell.done(
        wren,
        wren.step(reference, "refer", workflow="emergency", reason="Somebody may be in danger."),
        "refers it to the emergency team",
    )
    mine = tell.wait(lambda: _find(juniper, tell.mark, "emergency"), "the emergency team has a case")
    tell.holds(mine.startswith("EM-"), f"with a reference of its own: {mine}")
    tell.holds(_find(wren, tell.mark, "emergency") is None, "Wren does not see it")
    tell.done(juniper, juniper.step(mine, "take"), "takes it")
    tell.done(juniper, juniper.step(mine, "acknowledge"), "acknowledges it")


def _choices(schema: object) -> list[str]:
    """The values that a property may take, wherever its schema lists them."""
    if isinstance(schema, dict):
        own = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
        return [*own, *(value for part in schema.values() for value in _choices(part) if value not in own)]
    if isinstance(schema, list):
        return [value for part in schema for value in _choices(part)]
    return []


def _find(who: Person, mark: str, workflow: str = "triage") -> str | None:
    found = who.get(f"/cases?workflow={workflow}&q={mark}").body.get("items", [])
    return found[0]["reference"] if found else None
