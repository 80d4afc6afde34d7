"""Templates as people write them: SAM, CloudFormation, and what CDK makes."""

import json

from workbench.replay.functions.template import template_function

QUEUE = "arn:aws:sqs:eu-west-1:111111111111:shop-prod-Orders-1A2B3C4D5E6F"
STREAM = "arn:aws:kinesis:eu-west-1:111111111111:stream/clicks"
TABLE_STREAM = "arn:aws:dynamodb:eu-west-1:111111111111:table/stock/stream/2026-01-01T00:00:00.000"

SAM = """
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Parameters:
  BatchSize: {Type: Number, Default: 25}
  Stage: {Type: String, Default: dev}
  ApiKey: {Type: String, NoEcho: true}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Globals:
  Function:
    Runtime: python3.12
    Timeout: 20
    MemorySize: 256
    Architectures: [arm64]
    Layers: [!Ref Common]
    Environment:
      Variables:
        STAGE: !Ref Stage
        LEVEL: INFO
Resources:
  Charge:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Handler: app.handle
      Timeout: 30
      EphemeralStorage: {Size: 1024}
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Dead.Arn}
      EventInvokeConfig: {MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 600}
      Environment:
        Variables:
          LEVEL: DEBUG
          RETRIES: 3
          VERBOSE: true
          QUEUE_URL: !Ref Orders
          STACK: !Ref AWS::StackName
          TABLE: !Ref Stock
          KEY: !Ref ApiKey
      Layers: [arn:aws:lambda:eu-west-1:222222222222:layer:tools:4]
      Events:
        Queue:
          Type: SQS
          Properties:
            Queue: !GetAtt Orders.Arn
            BatchSize: !Ref BatchSize
            MaximumBatchingWindowInSeconds: 5
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: {MaximumConcurrency: 5}
            FilterCriteria:
              Filters:
                - Pattern: '{"body": {"paid": [true]}}'
        Clicks:
          Type: Kinesis
          Properties:
            Stream: !GetAtt Clicks.Arn
            StartingPosition: TRIM_HORIZON
            BatchSize: 50
            BisectBatchOnFunctionError: true
            MaximumRetryAttempts: !If [IsProd, 10, 2]
            TumblingWindowInSeconds: 60
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Dead.Arn}}
        Stock:
          Type: DynamoDB
          Properties: {Stream: !GetAtt Stock.StreamArn, StartingPosition: LATEST, ParallelizationFactor: 4}
        Night: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
        Api: {Type: Api, Properties: {Path: /charge, Method: post}}
        Upload: {Type: S3, Properties: {Bucket: !Ref Files, Events: "s3:ObjectCreated:*"}}
        Rule: {Type: EventBridgeRule, Properties: {Pattern: {source: [shop]}}}
        Log: {Type: CloudWatchLogs, Properties: {LogGroupName: /shop, FilterPattern: ""}}
        News: {Type: SNS, Properties: {Topic: !Ref News}}
  Orders:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 180
      MessageRetentionPeriod: 86400
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Dead: {Type: AWS::SQS::Queue}
  Clicks: {Type: AWS::Kinesis::Stream, Properties: {Name: clicks, RetentionPeriodHours: 48}}
  Stock: {Type: AWS::DynamoDB::Table}
  News: {Type: AWS::SNS::Topic}
  Files: {Type: AWS::S3::Bucket}
  Common: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: common}}
  OnlyProd:
    Type: AWS::Serverless::Function
    Condition: IsProd
    Properties: {Handler: app.other}
"""

CLOUDFORMATION = """
Resources:
  Charge:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: charge
      Handler: index.handle
      Runtime: python3.12
      Code:
        ZipFile: |
          def handle(event, context):
              return None
  Live:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref Charge, Name: live}
  OfQueue:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: arn:aws:sqs:eu-west-1:111111111111:payments
      FunctionName: !Ref Live
      BatchSize: 7
  OfRefunds:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Refunds.Arn
      FunctionName: !Sub "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:charge"
      BatchSize: 8
      Enabled: false
  OfAnother:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Refunds.Arn, FunctionName: another, BatchSize: 1}
  OfClicks:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Consumer.ConsumerARN
      FunctionName: !GetAtt Charge.Arn
      StartingPosition: LATEST
      BatchSize: 9
  Consumer:
    Type: AWS::Kinesis::StreamConsumer
    Properties: {StreamARN: !GetAtt Clicks.Arn, ConsumerName: charge}
  Clicks: {Type: AWS::Kinesis::Stream, Properties: {Name: clicks}}
  Refunds: {Type: AWS::SQS::Queue}
  Retries:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {FunctionName: !Ref Charge, Qualifier: $LATEST, MaximumRetryAttempts: 0}
"""

CDK = json.dumps(
    {
        "Resources": {
            "OrdersB1C2D3E4": {
                "Type": "AWS::SQS::Queue",
                "Properties": {"VisibilityTimeout": 90},
                "Metadata": {"aws:cdk:path": "Shop/Orders/Resource"},
            },
            "ChargeA1B2C3D4": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Code": {"S3Bucket": {"Fn::Sub": "cdk-${AWS::AccountId}"}, "S3Key": "0abc.zip"},
                    "Handler": "app.handle",
                    "Runtime": "python3.13",
                    "Environment": {"Variables": {"QUEUE": {"Ref": "OrdersB1C2D3E4"}}},
                },
                "Metadata": {
                    "aws:cdk:path": "Shop/Charge/Resource",
                    "aws:asset:path": "asset.0abc",
                    "aws:asset:property": "Code",
                },
            },
            "ChargeSqsEventSource": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {
                    "BatchSize": 10,
                    "EventSourceArn": {"Fn::GetAtt": ["OrdersB1C2D3E4", "Arn"]},
                    "FunctionName": {"Ref": "ChargeA1B2C3D4"},
                },
            },
        }
    }
)


def told(folder, text, source=QUEUE, **said):
    (folder / "template.yaml").write_text(text)
    return template_function(folder / "template.yaml", source, **said)


def only(**properties):
    function = {"Type": "AWS::Serverless::Function", "Properties": properties}
    return json.dumps({"Resources": {"F": function}})
