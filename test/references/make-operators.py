"""Lists what the operators that Proxima reads may have, by the frameworks' own definitions.

    python make-operators.py onnx NAMES.json OUT.json        with the onnx package
    python make-operators.py tensorflow NAMES.json OUT.json  with TensorFlow

NAMES.json is a list of operators. OUT.json: {operator: {"inputs": at most (null: any number), "attributes": [...]}};
attributes that name types of values are left out for TensorFlow, versions before opset 7 for ONNX.
"""

import json
import sys

OLDEST = 7


def onnx_operators(names):
    import onnx

    found = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "" and schema.name in names:
            found.setdefault(schema.name, []).append(schema)
    for name, versions in sorted(found.items()):
        versions.sort(key=lambda schema: schema.since_version)
        later = [v.since_version for v in versions[1:]] + [OLDEST + 1000]
        read = [v for v, until in zip(versions, later) if until > OLDEST]
        most = max(v.max_input for v in read)
        attributes = sorted({a for v in read for a in v.attributes})
        yield name, {"inputs": None if most > 1000 else most, "attributes": attributes}


def tensorflow_operators(names):
    from tensorflow.python.framework import op_def_registry

    for name in sorted(names):
        definition = op_def_registry.get(name)
        if definition:
            attributes = sorted(a.name for a in definition.attr if a.type not in ("type", "list(type)"))
            yield name, {"inputs": None, "attributes": attributes}


def main():
    framework, names, out = sys.argv[1:]
    with open(names) as file:
        asked = set(json.load(file))
    rows = dict({"onnx": onnx_operators, "tensorflow": tensorflow_operators}[framework](asked))
    with open(out, "w") as file:
        lines = [f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items()]
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
