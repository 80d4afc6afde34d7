-- One row per queue and time its attributes were looked at.
-- -> source_arn VARCHAR: the queue
-- -> observed_at TIMESTAMP WITH TIME ZONE: when it was so
-- -> is_fifo BOOLEAN: FIFO queue
-- -> visibility_timeout_s BIGINT: VisibilityTimeout
-- -> retention_s BIGINT: MessageRetentionPeriod
-- -> delay_s BIGINT: DelaySeconds
-- -> dead_letter_arn VARCHAR: RedrivePolicy's deadLetterTargetArn
-- -> max_receive_count BIGINT: RedrivePolicy's maxReceiveCount
-- -> deduplicates_by_content BOOLEAN: ContentBasedDeduplication
-- -> deduplication_scope VARCHAR: queue or messageGroup; null for a standard queue
-- -> document VARCHAR: all of it, as AWS answered
with told as (
  select source_arn, observed_at, document, coalesce(json_extract(document, '$.Attributes'), document::json) as attributes
  from resources where kind = 'get-queue-attributes' and json_valid(document)
)
select source_arn, observed_at, ends_with(source_arn, '.fifo') or coalesce(attributes->>'$.FifoQueue' = 'true', false) as is_fifo,
       try_cast(attributes->>'$.VisibilityTimeout' as bigint) as visibility_timeout_s,
       try_cast(attributes->>'$.MessageRetentionPeriod' as bigint) as retention_s,
       try_cast(attributes->>'$.DelaySeconds' as bigint) as delay_s,
       try(json(attributes->>'$.RedrivePolicy')->>'$.deadLetterTargetArn') as dead_letter_arn,
       try_cast(try(json(attributes->>'$.RedrivePolicy')->>'$.maxReceiveCount') as bigint) as max_receive_count,
       coalesce(attributes->>'$.ContentBasedDeduplication' = 'true', false) as deduplicates_by_content,
       case when is_fifo then coalesce(attributes->>'$.DeduplicationScope', 'queue') end as deduplication_scope, document
from told
