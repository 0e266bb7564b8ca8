"""Abstracts, papers and their editing: texts of some, judged by others; runs inside the system."""

from __future__ import annotations

from typing import Any

from indico.core.db import db
from indico.modules.events.abstracts.models.abstracts import Abstract, AbstractState
from indico.modules.events.abstracts.models.comments import AbstractComment
from indico.modules.events.abstracts.models.email_logs import AbstractEmailLogEntry
from indico.modules.events.abstracts.models.persons import AbstractPersonLink
from indico.modules.events.abstracts.models.review_questions import AbstractReviewQuestion
from indico.modules.events.abstracts.models.review_ratings import AbstractReviewRating
from indico.modules.events.abstracts.models.reviews import (
    AbstractAction,
    AbstractCommentVisibility,
    AbstractReview,
)
from indico.modules.events.contributions.models.persons import AuthorType
from indico.modules.events.editing.models.comments import EditingRevisionComment
from indico.modules.events.editing.models.editable import Editable, EditableType
from indico.modules.events.editing.models.revisions import (
    EditingRevision,
    FinalRevisionState,
    InitialRevisionState,
)
from indico.modules.events.papers.models.comments import PaperReviewComment
from indico.modules.events.papers.models.competences import PaperCompetence
from indico.modules.events.papers.models.reviews import PaperAction, PaperReview, PaperReviewType
from indico.modules.events.papers.models.revisions import PaperRevision, PaperRevisionState
from indico.util.date_time import now_utc

from tests.indico.people import ANNA, BO, CLERK, CROWD, GUEST, Person


class Papers:
    """What is handed in."""

    def __init__(self, accounts: Any, conference: Any) -> None:
        self.users = accounts.users
        self.conference = conference
        self.event = conference.event

    def run(self) -> None:
        """Make abstracts, papers and editables."""
        hers = self._abstract("Hers", ANNA, (ANNA, BO, GUEST), judge=CLERK)
        his = self._abstract("His", BO, (BO, ANNA), judge=ANNA)
        self._abstract("Of others", CROWD[0], (CROWD[0], CROWD[1]), judge=None)
        self.conference.talks[0].abstract = hers
        self._talked_about(hers, his)
        self._papers()
        self._editing()

    def _abstract(
        self, title: str, by: Person, authors: tuple[Person, ...], judge: Person | None
    ) -> Any:
        abstract = Abstract(
            event=self.event,
            title=title,
            submitter=self.users[by],
            description=f"{title}: the text",
            submission_comment=f"sent by {by.first}",
        )
        for person in authors:
            abstract.person_links.append(
                AbstractPersonLink(
                    person=self.conference.persons[person],
                    author_type=AuthorType.primary,
                    _phone="+8613700137000",
                )
            )
        if judge:
            abstract.state = AbstractState.accepted
            abstract.judge = self.users[judge]
            abstract.judgment_dt = now_utc()
            abstract.modified_by = self.users[by]
        abstract.submitted_for_tracks = {self.conference.track}
        db.session.add(abstract)
        db.session.flush()
        return abstract

    def _talked_about(self, hers: Any, his: Any) -> None:
        anna, bo, clerk = (self.users[p] for p in (ANNA, BO, CLERK))
        question = AbstractReviewQuestion(event=self.event, title="Good?", field_type="rating")
        for abstract, user in ((hers, bo), (his, anna)):
            for seen in (AbstractCommentVisibility.contributors, AbstractCommentVisibility.judges):
                abstract.comments.append(
                    AbstractComment(
                        user=user, text=f"says {user.first_name}", visibility=seen, modified_by=bo
                    )
                )
            review = AbstractReview(
                abstract=abstract,
                user=user,
                track=self.conference.track,
                comment=f"fine, {user.first_name}",
                proposed_action=AbstractAction.accept,
            )
            review.ratings.append(AbstractReviewRating(question=question, value=4))
            abstract.email_logs.append(
                AbstractEmailLogEntry(
                    user=clerk if abstract is hers else anna,
                    recipients=[abstract.submitter.email],
                    subject=f"Dear {abstract.submitter.first_name}",
                    body="accepted",
                    data={"template_name": "accept"},
                )
            )
        db.session.flush()

    def _papers(self) -> None:
        anna, bo, clerk = (self.users[p] for p in (ANNA, BO, CLERK))
        talk, other = self.conference.talks[0], self.conference.talks[3]
        talk.paper_judges.add(clerk)
        talk.paper_content_reviewers.add(bo)
        talk.paper_layout_reviewers.add(bo)
        other.paper_judges.add(anna)
        other.paper_content_reviewers.add(anna)
        db.session.add_all(
            PaperCompetence(event=self.event, user=user, competences=["optics"])
            for user in (anna, bo)
        )
        revision = PaperRevision(
            submitter=anna,
            judge=clerk,
            judgment_dt=now_utc(),
            state=PaperRevisionState.accepted,
            judgment_comment="welcome",
        )
        revision._contribution = talk  # noqa: SLF001 - the name it has there
        for user in (bo, anna):
            revision.reviews.append(
                PaperReview(
                    user=user,
                    type=PaperReviewType.content,
                    proposed_action=PaperAction.accept,
                    comment=f"read by {user.first_name}",
                )
            )
            revision.comments.append(
                PaperReviewComment(user=user, text=f"note of {user.first_name}", modified_by=anna)
            )
        db.session.add(revision)
        db.session.flush()

    def _editing(self) -> None:
        anna, bo = self.users[ANNA], self.users[BO]
        for submitter, editor, talk in ((anna, bo, 0), (bo, anna, 3)):
            editable = Editable(
                contribution=self.conference.talks[talk], type=EditableType.paper, editor=editor
            )
            revision = EditingRevision(
                submitter=submitter,
                editor=editor,
                comment=f"edited by {editor.first_name}",
                initial_state=InitialRevisionState.ready_for_review,
                final_state=FinalRevisionState.accepted,
                reviewed_dt=now_utc(),
            )
            revision.comments.append(
                EditingRevisionComment(user=editor, text=f"so says {editor.first_name}")
            )
            editable.revisions.append(revision)
            db.session.add(editable)
            db.session.flush()
            editable.published_revision = revision
        db.session.flush()
