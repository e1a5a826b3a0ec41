"""Weekly digests: when they are due (``schedule``), what they hold (``content``), what they are made of (``material``).

The row (subscription, ISO week) is the truth; no timer is::

    subscribed --slot comes--> chosen --something new--> queued --sent------> sent
                                  |                        |----unclear---> unclear   (never again by itself)
                                  |--nothing new--> empty  |----refused---> dead      (recipient gone: switched off)
                                                           |----paused, unsubscribed, erased--> withdrawn
                                                           `----still waiting a week later----> withdrawn, merged

A week that has a row is done, whatever became of it. A slot that was missed by less than six days is caught up; one
that was missed by more is merged into the next: each digest goes on where the last one that was received ended.
"""
