"""Outcomes by chance, in canonical form and in every other form that the reference's decoder takes."""

from runner.msgpack import Raw, encode, octets

KINDS = ("NotFound", "Conflict", "Validation", "PolicyRejection", "Cancelled", "StorageError", "Timeout", "Pending",
         "Serialization", "Internal", "BatchCollapse")
VARIANTS = ("Ok", "Err", "Retry", "Pending", "Cancelled", "Batch")
DEEPEST = 4


def outcome(source, depth=0):
    variant = source.choice(VARIANTS[: 5 if depth >= DEEPEST else 6])
    return {"type": variant, "data": MAKERS[variant](source, depth)}


def word(source):
    return "".join(source.choice("abcö≠ z") for _ in range(source.choice((0, 1, 3, 31, 32, 40))))


def identity(source):
    return bytes(source.choice((0, 1, 127, 128, 255)) for _ in range(16))


def number(source, bits):
    return source.choice((0, 1, 127, 128, 2**bits - 1, source.getrandbits(bits)))


def value(source, depth):
    return source.choice((None, True, source.getrandbits(40), -source.getrandbits(20), word(source), [1, "b"], {"k": [None]}))


def error(source, depth):
    kind = {"Custom": number(source, 16)} if source.random() < 0.2 else source.choice(KINDS)
    action = compensation(source) if source.random() < 0.6 else None
    return {"kind": kind, "message": word(source), "compensation": action}


def compensation(source):
    ids = [octets(identity(source)) for _ in range(source.choice((0, 1, 3, 16)))]
    return source.choice((
        {"Rollback": {"event_ids": ids}},
        {"Notify": {"target_id": identity(source), "message": word(source)}},
        {"Release": {"resource_ids": ids}},
        {"Custom": {"action_type": word(source), "data": octets(identity(source))}},
    ))


def retry(source, depth):
    return {"after_ms": number(source, 64), "attempt": number(source, 32), "max_attempts": number(source, 32),
            "reason": word(source)}


def condition(source, depth):
    names = ("Timeout", "Event", "Custom") if depth >= DEEPEST else ("Timeout", "Event", "Custom", "All", "Any")
    name = source.choice(names)
    if name in ("All", "Any"):
        return {name: [condition(source, depth + 1) for _ in range(source.randrange(4))]}
    return {name: {
        "Timeout": {"resume_at_ms": number(source, 64)},
        "Event": {"event_id": identity(source)},
        "Custom": {"tag": number(source, 16), "data": octets(identity(source)[: source.randrange(17)])},
    }[name]}


def pending(source, depth):
    return {"condition": condition(source, depth), "resume_token": identity(source)}


def cancelled(source, depth):
    return {"reason": word(source)}


def batch(source, depth):
    return [outcome(source, depth + 1) for _ in range(source.choice((0, 1, 2, 3, 17)) if depth < 2 else source.randrange(3))]


MAKERS = {"Ok": value, "Err": error, "Retry": retry, "Pending": pending, "Cancelled": cancelled, "Batch": batch}


def loose(source, form):
    """The same outcome with keys in another order, strange keys between, structs as arrays, ids in other forms."""
    if source.random() < 0.2:
        return [form["type"] if source.random() < 0.5 else VARIANTS.index(form["type"]), loose_data(source, form)]
    pairs = [("type", form["type"]), ("data", loose_data(source, form))]
    # What the reference has put aside until it knows the type, it reads less kindly: no bin there.
    if form["type"] in ("Ok", "Retry", "Cancelled") and source.random() < 0.4:
        pairs.reverse()
    if source.random() < 0.3:
        pairs.insert(source.randrange(3), ("other", [1, {"x": None}]))
    return dict(pairs)


def loose_data(source, form):
    data = form["data"]
    if form["type"] == "Batch":
        return [loose(source, item) for item in data]
    if form["type"] == "Ok":
        return data
    data = {name: loosened(source, part) for name, part in data.items()}
    if source.random() < 0.25 and form["type"] == "Err":
        return list(data.values())
    names = list(data)
    source.shuffle(names)
    return {name: data[name] for name in names}


def loosened(source, part):
    """Ids as bin or as integers; bytes as bin; other numbers and texts in wide forms."""
    if isinstance(part, bytes) and source.random() < 0.4:
        return octets(part)
    if isinstance(part, list) and part and all(isinstance(octet, int) for octet in part) and source.random() < 0.4:
        return bytes(part)
    if isinstance(part, list):
        return [loosened(source, item) for item in part]
    if isinstance(part, dict):
        return {name: loosened(source, inner) for name, inner in part.items()}
    if isinstance(part, int) and not isinstance(part, bool) and part >= 0 and source.random() < 0.2:
        return Raw(b"\xcf" + part.to_bytes(8, "big"))
    if isinstance(part, str) and source.random() < 0.2:
        text = part.encode()
        return Raw(b"\xda" + len(text).to_bytes(2, "big") + text)
    return part


def damaged(source, data):
    data = bytearray(data)
    for _ in range(source.choice((1, 1, 2))):
        if not data:
            break
        at = source.randrange(len(data))
        how = source.randrange(3)
        if how == 0:
            data[at] = source.choice((0x80, 0x81, 0x90, 0xA0, 0xC0, 0xC1, 0xC4, 0xFF, source.randrange(256)))
        elif how == 1:
            del data[at:]
        else:
            del data[at]
    return bytes(data)


def nested(levels, innermost):
    """Batches of one in one another."""
    inner = innermost
    for _ in range(levels):
        inner = Raw(encode({"type": "Batch", "data": [Raw(encode(inner))]}))
    return encode(inner)


def nested_condition(levels):
    inner = Raw(encode({"Timeout": {"resume_at_ms": 1}}))
    for _ in range(levels):
        inner = Raw(encode({"Any": [inner]}))
    return encode({"type": "Pending", "data": {"condition": inner, "resume_token": bytes(16)}})
