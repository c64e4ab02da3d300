"""Which instructions of a function write memory that another thread could see."""

import re
import subprocess

NO_WRITE = ("cmp", "test", "lea", "call", "jmp", "nop", "push", "bt ", "ucomis", "comis", "prefetch")


def functions(module):
    """The module's functions: name to instructions, as objdump prints them."""
    command = ["objdump", "-d", "--no-show-raw-insn", module]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = {}
    for block in text.split("\n\n"):
        head = re.search(r"^[0-9a-f]+ <([^>]+)>:$", block, re.M)
        if head:
            found[head.group(1)] = re.findall(r"^ +[0-9a-f]+:\t(.+?)\s*(?:#.*)?$", block, re.M)
    return found


def writes_shared_memory(instruction):
    """Writes to anything but the stack: by a last operand in memory, a lock prefix, or an exchange."""
    instruction = instruction.replace("notrack ", "").replace("bnd ", "").replace("cs ", "")
    if instruction.startswith(("lock ", "xchg", "rep ")):
        return "(" in instruction or instruction.startswith("lock ")
    operands = instruction.partition(" ")[2].strip()
    last = re.split(r",(?![^(]*\))", operands)[-1] if operands else ""
    if "(" not in last or "(%rsp" in last or "(%rbp" in last:
        return False
    return not instruction.startswith(NO_WRITE) and not instruction.startswith("j")


def shared_writes(instructions):
    return [each for each in instructions if writes_shared_memory(each)]
