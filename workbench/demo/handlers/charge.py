"""Charges orders; cannot read a total that is written with a comma, so such an order fails every time."""

import json


def handle(event, context):
    failures = []
    for record in event["Records"]:
        order = json.loads(record["body"])
        try:
            cents = round(float(order["total"]) * 100)
            print(f"charged {cents} cents for {order['order_id']}")
        except ValueError as error:
            print(f"cannot charge {order['order_id']}: {error}")
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
