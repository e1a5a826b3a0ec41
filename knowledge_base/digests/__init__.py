"""Rules of the weekly digests: due times (``schedule``), content (``content``), and its sources (``material``).

The row (subscription, ISO week) decides; no timer does::

    subscribed --slot comes--> chosen --something new--> queued --sent------> sent
                                  |                        |----unclear---> unclear   (never again by itself)
                                  |--nothing new--> empty  |----refused---> dead      (recipient gone: switched off)
                                                           |----paused, unsubscribed, erased--> withdrawn
                                                           `----still waiting a week later----> withdrawn, merged

A week that has a row is done, whatever its state. A slot that was missed by less than six days is caught up; one
that was missed by more is merged into the next: each digest goes on where the last one that was received ended.
"""
