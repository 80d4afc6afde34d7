"""Charges orders, also those whose total is written with a comma."""

import json


def handle(event, context):
    failures = []
    for record in event["Records"]:
        order = json.loads(record["body"])
        try:
            cents = round(float(str(order["total"]).replace(",", ".")) * 100)
            print(f"charged {cents} cents for {order['order_id']}")
        except ValueError as error:
            print(f"cannot charge {order['order_id']}: {error}")
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
