"""The far side of Kannel in the tests: an SMPP 3.4 message centre with people's phones behind it, on 127.0.0.1.

    python3 smsc.py PORT

What happens goes to stdout, one JSON object per line:
    {"listening": PORT}  {"bound": "trx"}  {"closed": true}
    {"sms": {"from", "to", "text", "coding": 0 GSM-7, 8 UCS-2, "parts": [septets or UTF-16 units of each]}}  a whole SMS at a phone
    {"refused": {"to", "status"}}            a submit_sm that got another status than 0
    {"error": "...", "line": "..."}          a command that could not be done
Commands come on stdin, one JSON object per line; its end is the end of the program:
    {"text": {"from": "4791234567", "to": "2012", "text": "7", "reverse": false}}
                         a person texts: GSM-7 if the text fits, else UCS-2; a long one in parts, if "reverse" the last
                         first. As message centres do, it waits while nobody is bound, and comes again until it is
                         answered with status 0: Kannel refuses what comes while it starts
    {"next_status": 88}  status of the next submit_sm_resp: 88 throttled, 11 no such number
Every submit_sm that asks for a report gets DELIVRD.
"""
import json
import os
import socket
import struct
import sys
import threading
import time

GSM = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
       "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
EXTENSION = {"\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65}
EXTENSION_BACK = {code: char for char, code in EXTENSION.items()}
BIND_RECEIVER, BIND_TRANSMITTER, SUBMIT_SM, DELIVER_SM, UNBIND, BIND_TRANSCEIVER, ENQUIRE_LINK = 1, 2, 4, 5, 6, 9, 0x15
RESPONSE = 0x80000000
BINDS = {BIND_RECEIVER: "rx", BIND_TRANSMITTER: "tx", BIND_TRANSCEIVER: "trx"}
UCS2 = 8
REPORT_AFTER_SECONDS = 0.1
AGAIN_AFTER_SECONDS = 0.2

lock = threading.RLock()
next_status = 0
last_id = 0
last_sequence = 1000
last_reference = 0
bound = {}      # bind command -> Session
parts_of = {}   # (from, to, reference) -> {number: bytes}
waiting = []    # what is to be delivered, while nobody is bound


def event(**fields):
    with lock:
        print(json.dumps(fields, ensure_ascii=False), flush=True)


def units(text):
    """(coding, pieces that are never split): pairs of an escape or a surrogate stay in one part."""
    pieces = []
    for char in text:
        if char in EXTENSION:
            pieces.append(bytes([0x1B, EXTENSION[char]]))
        elif char in GSM and char != "\x1b":
            pieces.append(bytes([GSM.index(char)]))
        else:
            return UCS2, [char.encode("utf-16-be") for char in text]
    return 0, pieces


def split(text):
    coding, pieces = units(text)
    single, part = (140, 134) if coding == UCS2 else (160, 153)
    if sum(map(len, pieces)) <= single:
        return coding, [b"".join(pieces)]
    parts, current = [], b""
    for piece in pieces:
        if len(current) + len(piece) > part:
            parts.append(current)
            current = b""
        current += piece
    return coding, parts + [current]


def decode(coding, data):
    if coding == UCS2:
        return data.decode("utf-16-be", "replace")
    out, escaped = [], False
    for octet in data:
        if escaped:
            out.append(EXTENSION_BACK.get(octet, "?"))
        elif octet != 0x1B:
            out.append(GSM[octet & 0x7F])
        escaped = octet == 0x1B and not escaped
    return "".join(out)


def arrived(source, destination, coding, header, message):
    """A part is at the phone, which shows the SMS when it has all of them."""
    total, number = 1, 1
    parts = {}
    if header:
        if header[:3] != b"\x05\x00\x03":
            event(error="a header that joins nothing", line=header.hex())
            return
        reference, total, number = header[3:6]
        parts = parts_of.setdefault((source, destination, reference), {})
    parts[number] = message
    if len(parts) < total:
        return
    if header:
        del parts_of[source, destination, reference]
    ordered = [parts[number] for number in sorted(parts)]
    width = 2 if coding == UCS2 else 1
    event(sms={"from": source, "to": destination, "text": decode(coding, b"".join(ordered)), "coding": coding,
               "parts": [len(part) // width for part in ordered]})


def c_string(data, start):
    end = data.index(0, start)
    return data[start:end].decode("latin-1"), end + 1


class Session:
    def __init__(self, connection):
        self.connection = connection
        self.unanswered = {}  # sequence number -> what was delivered

    def send(self, command, status, sequence, body=b""):
        with lock:
            self.connection.sendall(struct.pack(">IIII", 16 + len(body), command, status, sequence) + body)

    def deliver(self, item):
        global last_sequence
        source, destination, esm_class, coding, message = item
        last_sequence += 1
        self.unanswered[last_sequence] = item
        body = (b"\0\1\1" + source.encode() + b"\0\0\1" + destination.encode() + b"\0" + bytes([esm_class, 0, 0])
                + b"\0\0" + bytes([0, 0, coding, 0, len(message)]) + message)
        try:
            self.send(DELIVER_SM, 0, last_sequence, body)
        except OSError:
            pass  # the end of run() sees to it

    def run(self):
        buffer = b""
        try:
            while data := self.connection.recv(65536):
                buffer += data
                while len(buffer) >= 4 and len(buffer) >= (length := struct.unpack(">I", buffer[:4])[0]):
                    pdu, buffer = buffer[:length], buffer[length:]
                    self.handle(pdu)
        except OSError:
            pass
        with lock:
            for command in [command for command, session in bound.items() if session is self]:
                del bound[command]
            waiting.extend(self.unanswered.values())
        event(closed=True)

    def handle(self, pdu):
        _, command, status, sequence = struct.unpack(">IIII", pdu[:16])
        if command in BINDS:
            self.send(command | RESPONSE, 0, sequence, b"SIM\0")
            with lock:
                bound[command] = self
                event(bound=BINDS[command])
                held, waiting[:] = waiting[:], []
                for item in held:
                    deliver(*item)
        elif command in (ENQUIRE_LINK, UNBIND):
            self.send(command | RESPONSE, 0, sequence)
        elif command == SUBMIT_SM:
            self.submit(pdu[16:], sequence)
        elif command == DELIVER_SM | RESPONSE:
            with lock:
                item = self.unanswered.pop(sequence, None)
            if status and item:
                threading.Timer(AGAIN_AFTER_SECONDS, deliver, item).start()

    def submit(self, body, sequence):
        global next_status, last_id
        _, at = c_string(body, 0)
        source, at = c_string(body, at + 2)
        destination, at = c_string(body, at + 2)
        esm_class, at = body[at], at + 3
        _, at = c_string(body, at)
        _, at = c_string(body, at)
        wants_report, _, coding, _, length = body[at:at + 5]
        message, header = body[at + 5:at + 5 + length], b""
        if esm_class & 0x40:
            header, message = message[:message[0] + 1], message[message[0] + 1:]
        with lock:
            status, next_status = next_status, 0
            if status:
                event(refused={"to": destination, "status": status})
                self.send(SUBMIT_SM | RESPONSE, status, sequence)
                return
            last_id += 1
            message_id = str(last_id)
            arrived(source, destination, coding, header, message)
        self.send(SUBMIT_SM | RESPONSE, 0, sequence, message_id.encode() + b"\0")
        if wants_report & 1:
            threading.Timer(REPORT_AFTER_SECONDS, report, (source, destination, message_id)).start()


def deliver(*item):
    with lock:
        session = bound.get(BIND_TRANSCEIVER) or bound.get(BIND_RECEIVER)
        if session:
            session.deliver(item)
        else:
            waiting.append(item)


def report(source, destination, message_id):
    stamp = time.strftime("%y%m%d%H%M")
    text = f"id:{message_id} sub:001 dlvrd:001 submit date:{stamp} done date:{stamp} stat:DELIVRD err:000 text:"
    deliver(destination, source, 0x04, 0, text.encode())


def from_phone(text):
    global last_reference
    coding, parts = split(text["text"])
    if len(parts) == 1:
        deliver(text["from"], text["to"], 0, coding, parts[0])
        return
    last_reference = last_reference % 255 + 1
    headed = [bytes([5, 0, 3, last_reference, len(parts), number]) + part for number, part in enumerate(parts, 1)]
    for part in reversed(headed) if text.get("reverse") else headed:
        deliver(text["from"], text["to"], 0x40, coding, part)


def command(order):
    global next_status
    if "text" in order:
        from_phone(order["text"])
    if "next_status" in order:
        next_status = order["next_status"]


def accept(server):
    while True:
        connection, _ = server.accept()
        threading.Thread(target=Session(connection).run, daemon=True).start()


if __name__ == "__main__":
    port = int(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", port))
    event(listening=port)
    threading.Thread(target=accept, args=(listener,), daemon=True).start()
    for line in sys.stdin:
        try:
            command(json.loads(line))
        except Exception as error:  # a bad command must not end the program
            event(error=f"{type(error).__name__}: {error}", line=line.strip())
    os._exit(0)
