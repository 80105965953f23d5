"""What `@vercel/cosmosdb-server` 1.0.1 cannot do, by the tests that show it. The rest of the suite runs on it.

`PROVE_CANNOT=1 .venv/bin/pytest tests/contract -k independent` runs those too, and fails where one of them passes.
"""

_READ = "a document that is missing reads as 500, not 404"
_BATCH = "a batch may only create, and is not undone when it fails"
_EXPIRY = "documents do not expire"
_GROUP = "there is no GROUP BY"
_FEED = "the change feed begins anew each time, and gives a page of its own size"
_ORDER = "there is no order by several fields"
_LIMIT = "there is no limit to the size of a document"
_LOAD = "many requests at once are answered too late or not at all"

CANNOT: dict[str, str] = {
    "test_an_id_belongs_to_its_partition": _READ,
    "test_an_id_belongs_to_its_container": _READ,
    "test_a_store_that_answers_says_so": _READ,
    "test_tags_that_several_give_at_once_are_all_kept": _READ,
    "test_themes_are_kept_with_their_corrections": _READ,
    "test_a_document_that_is_not_there_is_none": _READ,
    "test_a_deleted_document_is_gone": _READ,
    "test_what_json_cannot_hold_is_refused": _READ,
    "test_deleting_takes_the_etag_when_one_is_given": _READ,
    "test_a_change_that_no_engine_accepts_leaves_nothing_of_the_batch": _READ,
    "test_a_patch_over_its_limit_leaves_nothing_of_the_batch": _READ,
    "test_a_container_whose_documents_stay_refuses_a_time": _READ,
    "test_a_document_over_2_mb_is_too_large": _READ,
    "test_one_failing_change_leaves_nothing_of_the_batch": _BATCH,
    "test_later_changes_see_the_earlier_ones": _BATCH,
    "test_a_failed_batch_does_not_disturb_the_next": _BATCH,
    "test_a_batch_touches_no_other_partition": _BATCH,
    "test_a_batch_raises_what_its_first_failing_change_raises": _BATCH,
    "test_a_batch_makes_every_kind_of_change_and_returns_each_document": _BATCH,
    "test_writes_that_fail_do_not_hurt_those_beside_them": _BATCH,
    "test_an_expired_document_cannot_be_changed": _EXPIRY,
    "test_an_expired_document_is_nowhere": _EXPIRY,
    "test_an_expired_document_can_be_created_anew": _EXPIRY,
    "test_a_patch_can_change_the_time": _EXPIRY,
    "test_a_living_document_survives_the_clearing_away_of_expired_ones": _EXPIRY,
    "test_a_document_lives_until_its_time_is_over": _EXPIRY,
    "test_documents_are_counted_by_a_field": _GROUP,
    "test_notes_are_paged_and_counted": _GROUP,
    "test_what_is_no_text_or_not_there_is_not_counted": _GROUP,
    "test_counts_follow_the_writes": _GROUP,
    "test_only_what_was_written_after_the_mark_appears": _FEED,
    "test_a_store_without_writes_has_no_changes_but_a_mark": _FEED,
    "test_a_document_written_twice_appears_once_in_its_last_version": _FEED,
    "test_a_document_seen_before_appears_again_when_it_changes": _FEED,
    "test_pages_of_changes_lose_and_repeat_nothing": _FEED,
    "test_more_changes_than_one_page_arrive_in_full": _FEED,
    "test_no_change_is_skipped_by_a_reader_who_follows_writers": _FEED,
    "test_etags_and_marks_go_on_after_reopening": _FEED,
    "test_who_asks_about_one_partition_finds_it_and_loses_nothing_of_the_others": _FEED,
    "test_ties_are_ordered_by_partition_and_id_both_ways": _ORDER,
    "test_a_query_gives_what_a_filter_in_memory_gives": _ORDER,
    "test_a_document_cannot_grow_over_2_mb": _LIMIT,
    "test_a_caller_who_gives_up_does_not_break_the_others": _LOAD,
    "test_an_answer_lies_apart_from_the_person_and_says_no_time": _BATCH,
    "test_one_person_has_one_answer_and_an_edit_takes_its_place": _BATCH,
    "test_answers_at_the_same_time_are_one_ballot": _BATCH,
    "test_what_is_refused_leaves_nothing_behind": _BATCH,
    "test_after_sealing_nobody_answers_and_nobody_is_found": _BATCH,
    "test_the_order_of_writing_follows_from_the_key_and_not_from_the_answers": _BATCH,
    "test_sealing_may_be_cut_short_repeated_and_done_twice_at_once": _BATCH,
    "test_what_a_crash_left_unsealed_is_sealed_at_the_next_start": _BATCH,
    "test_an_open_run_is_left_as_it_is_when_others_are_sealed": _BATCH,
    "test_drafts_lie_in_the_ballot_and_count_for_nothing": _BATCH,
    "test_tallies_equal_a_recount_of_what_was_given": _BATCH,
    "test_results_appear_when_sealed_and_what_is_too_small_is_joined": _BATCH,
    "test_nothing_is_shown_of_fewer_people_than_promised": _BATCH,
    "test_a_question_that_few_answered_is_left_out_with_its_texts": _BATCH,
    "test_a_wish_is_kept_once_and_the_newest_counts": _READ,
    "test_a_wish_that_was_changed_meanwhile_does_not_fall_due": _READ,
    "test_what_is_due_is_told_by_one_of_several_and_then_gone": _READ,
    "test_a_wish_that_is_made_while_the_last_is_told_is_kept": _READ,
    "test_a_wish_that_is_taken_back_is_gone": _READ,
}
