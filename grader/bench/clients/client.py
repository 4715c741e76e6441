"""The same as client.cpp with confluent-kafka for Python.

usage: client.py produce|consume TOPIC COUNT [PROPERTY=VALUE...]
"""

import random
import sys
import time

from confluent_kafka import Consumer, Producer

SIZE = 100
COMMIT_EVERY = 10_000


def produce(config, topic, count):
    letters = random.Random(1)
    values = [letters.randbytes(SIZE) for _ in range(count)]
    delivered = 0

    def on_delivery(error, message):
        nonlocal delivered
        if error is None:
            delivered += 1

    start = time.monotonic()
    producer = Producer(config)
    for value in values:
        while True:
            try:
                producer.produce(topic, value, on_delivery=on_delivery)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    producer.flush()
    seconds = time.monotonic() - start
    assert delivered == count, "not all were delivered"
    return seconds


def consume(config, topic, count):
    start = time.monotonic()
    consumer = Consumer(config)
    consumer.subscribe([topic])
    seen = 0
    while seen < count:
        message = consumer.poll(0.1)
        if message is None or message.error():
            continue
        message.value()
        seen += 1
        if seen % COMMIT_EVERY == 0:
            consumer.commit(asynchronous=False)
    seconds = time.monotonic() - start
    consumer.close()
    return seconds


mode, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
config = dict(setting.split("=", 1) for setting in sys.argv[4:])
print(f"seconds={({'produce': produce, 'consume': consume}[mode])(config, topic, count):.6f}")
