-- Of what there is little among very much: lists of it are found without walking through the rest.
CREATE INDEX tickets_rehearsed ON tickets (opened_at, number) WHERE rehearsal;
CREATE INDEX ratings_rehearsed ON ratings (graded_at, id) WHERE rehearsal;
CREATE INDEX ratings_bad ON ratings (graded_at, id) WHERE grade IN ('dissatisfied', 'very_dissatisfied');
CREATE INDEX calls_rehearsed ON calls (started_at, id) WHERE rehearsal;
CREATE INDEX calls_not_ended ON calls (started_at, id) WHERE state <> 'ended';
-- Whole in the index, so that it is taken before the one of all open deadlines.
CREATE INDEX deadlines_provisional ON deadlines (ticket, rehearsal, provisional, met_at, void_at)
    WHERE provisional AND met_at IS NULL AND void_at IS NULL;
