"""Reads an OpenQASM 3 program with the reference parser and runs it on classical inputs, one JSON object a line.

The program may only prepare basis states, flip qubits under controls and measure, so a state is one bit per qubit.
Answers with the outputs, and whether every other qubit ended as it began.
"""

import json
import sys

from openqasm3 import ast, parser



def main(path):
    with open(path, encoding="utf-8") as file:
        program = parser.parse(file.read())
    assert program.version == "3.0", program.version
    sizes = {"input": {}, "output": {}, "qubit": {}}
    body = []
    for statement in program.statements:
        if isinstance(statement, ast.Include):
            assert statement.filename == "stdgates.inc"
        elif isinstance(statement, ast.IODeclaration):
            kind = "input" if statement.io_identifier == ast.IOKeyword["input"] else "output"
            sizes[kind][statement.identifier.name] = statement.type.size.value
        elif isinstance(statement, ast.QubitDeclaration):
            sizes["qubit"][statement.qubit.name] = statement.size.value
        else:
            body.append(statement)
    print(json.dumps(sizes), flush=True)
    for line in sys.stdin:
        print(json.dumps(run(sizes, body, json.loads(line))), flush=True)


def run(sizes, body, given):
    # A register is written with its most significant bit first.
    classical = {name: [int(bit) for bit in reversed(given[name])] for name in sizes["input"]}
    for name, size in sizes["input"].items():
        assert len(classical[name]) == size, name
    classical |= {name: [0] * size for name, size in sizes["output"].items()}
    # Qubits begin in an unknown state: a program that forgets to reset them is found out.
    quantum = {name: [1] * size for name, size in sizes["qubit"].items()}
    for statement in body:
        step(statement, classical, quantum)
    prepared = {name: quantum["q_" + name] for name in sizes["input"]}
    clean = all(prepared[name] == classical[name] for name in prepared) and not any(quantum.get("work", []))
    outputs = {name: classical[name] for name in sizes["output"]}
    return {"outputs": outputs, "clean": clean}


def indexed(identifier):
    if isinstance(identifier, ast.IndexExpression):
        return identifier.collection.name, identifier.index[0].value
    return identifier.name.name, identifier.indices[0][0].value


def step(statement, classical, quantum):
    if isinstance(statement, ast.QuantumReset):
        quantum[statement.qubits.name] = [0] * len(quantum[statement.qubits.name])
    elif isinstance(statement, ast.BranchingStatement):
        name, bit = indexed(statement.condition)
        assert not statement.else_block
        if classical[name][bit]:
            for inner in statement.if_block:
                step(inner, classical, quantum)
    elif isinstance(statement, ast.QuantumGate):
        gate(statement, quantum)
    elif isinstance(statement, ast.QuantumMeasurementStatement):
        classical[statement.target.name] = list(quantum[statement.measure.qubit.name])
    else:
        raise AssertionError(f"unexpected {type(statement).__name__}")


def gate(statement, quantum):
    assert statement.name.name == "x" and not statement.arguments
    qubits = [indexed(qubit) for qubit in statement.qubits]
    assert len(set(qubits)) == len(qubits), "a gate names a qubit twice"
    controls = []
    for modifier in statement.modifiers:
        count = modifier.argument.value if modifier.argument else 1
        controls += [1 if modifier.modifier == ast.GateModifierName["ctrl"] else 0] * count
    assert len(controls) + 1 == len(qubits)
    target, bit = qubits[-1]
    if all(quantum[name][index] == wanted for (name, index), wanted in zip(qubits, controls)):
        quantum[target][bit] ^= 1


main(sys.argv[1])
