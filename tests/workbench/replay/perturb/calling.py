"""Source of handlers that call AWS without an SDK, whose import would take most of a test's time."""

CALLING = """
import json, os, urllib.request

def call(service, target, version, **parameters):
    scope = f"AKIAEXAMPLE/20261120/eu-west-1/{service}/aws4_request"
    headers = {
        "X-Amz-Target": target,
        "Content-Type": f"application/x-amz-json-{version}",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    }
    body = json.dumps(parameters).encode()
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], body, headers)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"{}")

def send(body, **more):
    return call("sqs", "AmazonSQS.SendMessage", "1.0",
        QueueUrl="https://sqs.eu-west-1.amazonaws.com/1/out", MessageBody=body, **more)

def table(operation, **parameters):
    return call("dynamodb", f"DynamoDB_20120810.{operation}", "1.0", **parameters)

def orders(event):
    return [json.loads(record["body"])["order"] for record in event["Records"]]
"""
"""`send(body)`, `table(operation, …)`, and `orders(event)`."""
