"""Whether equal contents were sent closer together than they come by chance: the table macro `close_sends`.

`close_sends(sends, window_ms, chance)` is told the name of a relation with a row per message of a content that came
more than once, `source_arn, content, identity, source_at, span_ms` (first to last message of the source), and more
columns as one likes. It returns the rows of every group that is too close for chance, with `group_number` and
`by_chance`. Rows without an instant are left out: nothing tells how close they are.

Where equal contents come independently of one another, pairs that are at most `g` apart come in proportion to `g`. How
often they come is told by the same source, at lags that no repeated send explains:

* *seldom*: contents that came two or three times. All of a source are taken together: contents that came again later
  than the window (`acts` of sending, each longer than the window after the one before) let expect
  `acts · (acts - 1) · g / span` pairs that close, and `1 / (1 - window / span)²` of that for the pairs that the window
  hid. In a trace that is shorter than four windows a quarter of its span stands for the window; there a repeated send
  may be that late itself, so the rate is the lower one of two bands of lags, up to half the span and beyond it, which
  chance fills both and an act of sending again does not, one content left out of either (unless contents that come
  often and unevenly show that equal contents are common in the source).
* *often*: contents that came four times or more. Each has its own rate, from its own gaps: three quarters of the gaps
  of a Poisson stream are shorter than `ln 4 / rate`, and that quartile stays where it is until three quarters of the
  gaps are repeated sends. A beat rules itself out: each gap is as long as the others.
* a *burst*, four or more within so short a part of the span that chance does not put them there
  (`n · (extent / span)^(n-1)` for each content that came so often), is judged like the seldom ones; but one that is
  even is a short beat, and none. Even are gaps that deviate by less than half their mean; or, of eight or more, those
  of which the middle half are alike within a half, so that a beat which paused is a beat.

A million contents are a million chances for a coincidence. So it is not asked how likely one pair is, but how many
pairs as close chance lets expect in the whole source, and that is set against how many there are: their ratio is
`by_chance`, the share of such pairs that chance explains (Benjamini and Hochberg, 1995). In a source without repeated
sends the probability that anything is claimed at all is then at most `chance`, which the three cases share evenly.
Only where equal contents never come at large lags nothing tells their rate: it is taken for none.

An instant has whole milliseconds: none apart is less than one apart, and counts as one.
"""

CLOSE_SENDS = """create macro close_sends(sends, window_ms, chance) as table
with stepped as (
  select *, least(window_ms, span_ms / 4) as far_ms,
         epoch_ms(source_at) - epoch_ms(lag(source_at) over of_content) + 1 as gap_ms
  from query_table(sends) where source_at is not null
  window of_content as (partition by source_arn, content order by source_at, identity)
), measured as (
  select source_arn, content, count(*) as times_sent, any_value(span_ms)::double as span_ms,
         any_value(far_ms)::double as far_ms,
         coalesce(sum(gap_ms), 0) as extent_ms, count(*) filter (gap_ms > far_ms) + 1 as acts,
         coalesce(bool_or(gap_ms > span_ms / 4 and gap_ms <= span_ms / 2), false)::integer as is_late,
         coalesce(bool_or(gap_ms > span_ms / 2), false)::integer as is_latest,
         quantile_cont(gap_ms, 0.75) as long_gap_ms,
         coalesce(stddev_pop(gap_ms) / avg(gap_ms), 1) < 0.5
           or times_sent >= 8 and long_gap_ms < 1.5 * quantile_cont(gap_ms, 0.25) as is_even
  from stepped group by source_arn, content
), placed as (
  select *, case when times_sent >= 4
      then 3 * times_sent * pow(least(1, extent_ms / greatest(span_ms, 1)), times_sent - 1)
             * count(*) filter (times_sent >= 4) over (partition by source_arn) else 0 end as burst_by_chance
  from measured
), classed as (
  select *, burst_by_chance > chance as is_often, times_sent >= 4 and not is_often and is_even as is_beat,
         case when acts > 1 then acts * (acts - 1) / span_ms / pow(1 - far_ms / span_ms, 2) else 0 end as pairs_per_ms
  from placed
), rated as (
  select *, coalesce(sum(times_sent - 1) filter (is_often) over of_source, 0) as often_gaps,
         case when span_ms >= 4 * window_ms or bool_or(is_often and not is_even) over of_source
           then sum(case when is_often then 0 else pairs_per_ms end) over of_source
           else 2 / span_ms * greatest(0, least(
             (sum(case when is_often then 0 else is_late end) over of_source - 1) / 0.3125,
             (sum(case when is_often then 0 else is_latest end) over of_source - 1) / 0.25))
         end as seldom_pairs_per_ms
  from classed window of_source as (partition by source_arn)
), expected as (
  select stepped.*, is_often, burst_by_chance, not is_beat and gap_ms <= window_ms + 1 as is_candidate,
         gap_ms * case when is_often then ln(4) / long_gap_ms * often_gaps else seldom_pairs_per_ms end as expected_gaps
  from stepped join rated using (source_arn, content)
), shared as (
  select *, 3 * expected_gaps / count(*) over (
      partition by source_arn, is_often, is_candidate order by expected_gaps range unbounded preceding) as share
  from expected
), judged as (
  select *, greatest(burst_by_chance * (not is_often)::integer, min(share) over (
      partition by source_arn, is_often, is_candidate order by expected_gaps
      range between current row and unbounded following)) as gap_by_chance,
    case when is_candidate and gap_by_chance <= chance then 0 else 1 end as starts
  from shared
), grouped as (
  select *, sum(starts) over (
      partition by source_arn, content order by source_at, identity rows unbounded preceding)::bigint as group_number
  from judged
)
select * exclude (
         far_ms, gap_ms, is_often, burst_by_chance, is_candidate, expected_gaps, share, gap_by_chance, starts),
       max(case when starts = 0 then gap_by_chance end) over of_group as by_chance
from grouped
window of_group as (partition by source_arn, content, group_number)
qualify count(*) over of_group > 1"""
